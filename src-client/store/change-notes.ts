/** Tells of changed tables once a turn, however many changes there were. */
export class ChangeNotes {
  readonly #tell: (tables: string[]) => void
  #tables = new Set<string>()

  constructor(tell: (tables: string[]) => void) {
    this.#tell = tell
  }

  note(tables: Iterable<string>): void {
    const isFirst = this.#tables.size === 0
    for (const table of tables) this.#tables.add(table)
    if (isFirst && this.#tables.size > 0) queueMicrotask(() => this.#flush())
  }

  #flush(): void {
    const tables = [...this.#tables]
    this.#tables = new Set()
    this.#tell(tables)
  }
}
