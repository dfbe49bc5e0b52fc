/** The same, each row a whole line. */
export const lined = (rows: readonly (readonly string[])[]): string => (rows.length === 0 ? '' : `${tableText(rows)}\n`)

/** Rows as columns of equal width, for people. */
export function tableText(rows: readonly (readonly string[])[]): string {
  const widths: number[] = []
  for (const row of rows) for (const [at, text] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, text.length)
  return rows
    .map(row =>
      row
        .map((text, at) => text.padEnd(widths[at] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
