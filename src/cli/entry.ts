/** How this program starts itself again: the same runtime, the same flags, the same file. */
export const entry = (): readonly string[] => [process.execPath, ...process.execArgv, process.argv[1] ?? '']
