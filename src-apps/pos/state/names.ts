import type { Employees, PosTerminals } from '../../shared/pos-tables.ts'
import type { Bilingual } from '../../shared/tables.ts'

/** Fields that the seeds keep beside the schema. */
interface Named {
  display_name?: Bilingual
  display_label?: Bilingual
}

type TextOf = (text: Bilingual | undefined) => string

/** A person's name as the reader writes it. */
export function personName(person: (Employees & Named) | undefined, textOf: TextOf): string {
  return textOf(person?.display_name) || (person?.fullName ?? '')
}

export function terminalName(terminal: PosTerminals & Named, textOf: TextOf): string {
  return textOf(terminal.display_label) || (terminal.label ?? terminal.id)
}
