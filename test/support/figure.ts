/** Prints a measured figure beside the tests' own report. */
export function printFigure(text: string): void {
  process.stdout.write(`${text}\n`)
}
