/** As much of a log as streams need. */
export interface Logger {
  info(facts: object, message: string): void
  warn(facts: object, message: string): void
}
