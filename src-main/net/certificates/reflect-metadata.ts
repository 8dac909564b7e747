type Metadata = Map<unknown, unknown>

/**
 * The part of the Reflect.metadata proposal that @peculiar/x509's dependency injection asks for: it refuses to load
 * without, and reads one key of its own decorators. Call it before that library is imported.
 */
export function provideReflectMetadata(): void {
  if ('getMetadata' in Reflect) return
  const entries = new WeakMap<object, Metadata>()
  const own = (target: object): Metadata => {
    const known = entries.get(target) ?? new Map<unknown, unknown>()
    entries.set(target, known)
    return known
  }
  const find = (key: unknown, target: object): unknown => {
    for (let object: object | null = target; object !== null; object = Reflect.getPrototypeOf(object)) {
      const metadata = entries.get(object)
      if (metadata?.has(key)) return metadata.get(key)
    }
    return undefined
  }
  const define = (key: unknown, value: unknown, target: object): void => void own(target).set(key, value)
  Object.assign(Reflect, {
    defineMetadata: define,
    getMetadata: find,
    getOwnMetadata: (key: unknown, target: object) => own(target).get(key),
    hasMetadata: (key: unknown, target: object) => find(key, target) !== undefined,
    hasOwnMetadata: (key: unknown, target: object) => own(target).has(key),
    metadata: (key: unknown, value: unknown) => (target: object) => define(key, value, target),
  })
}
