/** `waiting`: the browser lets a page sound only after a touch. */
export type BellState = 'on' | 'muted' | 'waiting'

const TONES_HZ = [784, 1047]
const TONE_S = 0.16

/** Two rising tones for a new ticket, made here: no file, nothing to load. */
export class Bell {
  #context: AudioContext | undefined
  #isMuted: boolean
  #rung = 0
  readonly #listeners = new Set<() => void>()

  constructor(isMuted: boolean) {
    this.#isMuted = isMuted
  }

  get state(): BellState {
    if (this.#isMuted) return 'muted'
    return this.#context?.state === 'running' ? 'on' : 'waiting'
  }

  /** How often it has sounded. */
  get rung(): number {
    return this.#rung
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  mute(isMuted: boolean): void {
    this.#isMuted = isMuted
    this.#tell()
  }

  /** Call it from a touch. */
  async unlock(): Promise<void> {
    if (typeof AudioContext === 'undefined') return
    if (!this.#context) {
      this.#context = new AudioContext()
      this.#context.onstatechange = () => this.#tell()
    }
    // A tablet that slept, or a call that came in, suspends it again.
    if (this.#context.state !== 'running') await this.#context.resume().catch(() => undefined)
    this.#tell()
  }

  ring(): void {
    const context = this.#context
    if (this.state !== 'on' || !context) return
    this.#rung += 1
    TONES_HZ.forEach((frequency, index) => {
      const start = context.currentTime + index * TONE_S
      const tone = context.createOscillator()
      const volume = context.createGain()
      tone.frequency.value = frequency
      volume.gain.setValueAtTime(0.0001, start)
      volume.gain.exponentialRampToValueAtTime(0.4, start + 0.02)
      volume.gain.exponentialRampToValueAtTime(0.0001, start + TONE_S * 2)
      tone.connect(volume).connect(context.destination)
      tone.start(start)
      tone.stop(start + TONE_S * 2)
    })
    this.#tell()
  }

  #tell(): void {
    for (const listener of this.#listeners) listener()
  }
}
