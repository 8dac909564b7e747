import { EventEmitter } from 'node:events'

/** Electron's objects are Node's event emitters; their typed overloads are left to Electron's own typings. */
export class StandInEmitter extends EventEmitter {
  /** Emits an event that a listener may prevent. @returns True when one did. Docs: Event, `event.preventDefault()`. */
  emitPreventable(name: string, fields: object = {}, ...args: unknown[]): boolean {
    let isPrevented = false
    const event = {
      ...fields,
      get defaultPrevented() {
        return isPrevented
      },
      preventDefault: () => {
        isPrevented = true
      },
    }
    this.emit(name, event, ...args)
    return isPrevented
  }
}
