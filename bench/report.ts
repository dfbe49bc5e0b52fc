/** Figures as a table for people and as JSON for everything else. */
export interface Figure {
  readonly name: string
  readonly value: number
  readonly unit: string
  /** What the same run's floor reached, in the same unit. */
  readonly floor?: number
  /** Least share of the floor, or a bound on the value itself. */
  readonly wanted?: { readonly share: number } | { readonly below: number } | { readonly timesFloor: number }
}

const number = (value: number): string =>
  value >= 1000 ? Math.round(value).toLocaleString('en') : value.toPrecision(3)

export function reached({ value, floor, wanted }: Figure): boolean | undefined {
  if (wanted === undefined) return undefined
  if ('below' in wanted) return value < wanted.below
  if (floor === undefined) return undefined
  return 'share' in wanted ? value / floor >= wanted.share : value <= floor * wanted.timesFloor
}

function goal({ wanted }: Figure): string {
  if (wanted === undefined) return ''
  if ('below' in wanted) return `< ${number(wanted.below)}`
  return 'share' in wanted ? `>= ${Math.round(wanted.share * 100)} %` : `<= ${wanted.timesFloor} x`
}

export function table(figures: readonly Figure[]): string {
  const rows = figures.map(figure => [
    figure.name,
    `${number(figure.value)} ${figure.unit}`,
    figure.floor === undefined ? '' : `${number(figure.floor)} ${figure.unit}`,
    figure.floor === undefined ? '' : `${Math.round((figure.value / figure.floor) * 100)} %`,
    goal(figure),
    { true: 'yes', false: 'NO', undefined: '' }[String(reached(figure)) as 'true'],
  ])
  const all = [['figure', 'measured', 'floor', 'share', 'wanted', 'reached'], ...rows]
  const widths = all[0]?.map((_, at) => Math.max(...all.map(row => row[at]?.length ?? 0))) ?? []
  return all
    .map(row =>
      row
        .map((text, at) => text.padEnd(widths[at] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
