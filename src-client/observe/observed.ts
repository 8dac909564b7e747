/** A value that changes: what every user interface library can be tied to. */
export interface Observed<T> {
  /** Calls at each change. @returns What ends it; may be called twice. */
  subscribe(listener: () => void): () => void
  /** The value now: the same object until something in it changes. */
  get(): T
  /** Reads it anew, whether or not a change was heard; what says the same is still the same object. */
  read(): T
}

/**
 * Makes a value that is read when someone asks for it, and, while someone listens, only after a change.
 *
 * @param read - Reads it; gets the last value, and gives that one back when nothing in it has changed.
 * @param watch - Calls at each change of what `read` reads. @returns What ends it.
 */
export function observe<T>(read: (last: T | undefined) => T, watch: (listener: () => void) => () => void): Observed<T> {
  let last: T | undefined
  let listening = 0
  let isFresh = false

  function readAnew(): T {
    last = read(last)
    isFresh = true
    return last
  }

  return {
    subscribe(listener) {
      // What has changed before someone listened is not known.
      isFresh = false
      listening++
      const stop = watch(() => {
        isFresh = false
        listener()
      })
      let isOver = false
      return () => {
        if (isOver) return
        isOver = true
        listening--
        stop()
      }
    },
    get() {
      return isFresh && listening > 0 ? (last as T) : readAnew()
    },
    read: readAnew,
  }
}
