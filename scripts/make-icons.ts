import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { crc32, deflateSync } from 'node:zlib'

/**
 * Draws the PNG files in resources/icons: the application icon (the drawing of icon.svg) and the tray's dots.
 * Run with `node scripts/make-icons.ts` after a change of the drawing; the files are tracked.
 */
const iconDir = join(import.meta.dirname, '..', 'resources', 'icons')

type Color = readonly [red: number, green: number, blue: number]
/** True inside the shape; coordinates run from 0 to 512. */
type Shape = (x: number, y: number) => boolean
type Layer = readonly [Shape, Color]

const roundedBox =
  (left: number, top: number, width: number, height: number, radius: number): Shape =>
  (x, y) => {
    const dx = Math.max(left + radius - x, x - (left + width - radius), 0)
    const dy = Math.max(top + radius - y, y - (top + height - radius), 0)
    return x >= left && x <= left + width && y >= top && y <= top + height && Math.hypot(dx, dy) <= radius
  }

const circle =
  (centerX: number, centerY: number, radius: number): Shape =>
  (x, y) =>
    Math.hypot(x - centerX, y - centerY) <= radius

/** A niche: upright walls under a round arch. */
const niche: Shape = (x, y) => (y >= 232 ? x >= 136 && x <= 376 && y <= 424 : circle(256, 232, 120)(x, y))

/** A flame: a circle that runs to a point at the top. */
const flame =
  (top: number, centerY: number, radius: number): Shape =>
  (x, y) => {
    if (y >= centerY) return circle(256, centerY, radius)(x, y)
    const share = (y - top) / (centerY - top)
    return share >= 0 && Math.abs(x - 256) <= radius * share ** 0.85
  }

const GREEN: Color = [15, 76, 74]
const DARK: Color = [10, 53, 52]
const AMBER: Color = [245, 185, 66]
const LIGHT: Color = [255, 243, 209]

const APP_ICON: Layer[] = [
  [roundedBox(16, 16, 480, 480, 104), GREEN],
  [niche, DARK],
  [flame(168, 288, 64), AMBER],
  [flame(244, 298, 26), LIGHT],
  [roundedBox(192, 372, 128, 24, 12), AMBER],
]

/** The states differ in shape too, for those who do not tell the colours apart. */
const TRAY_SYMBOLS: Record<string, Layer[]> = {
  ready: [[circle(384, 384, 112), [46, 160, 67]]],
  busy: [
    [circle(384, 384, 112), [219, 154, 4]],
    [circle(384, 384, 48), LIGHT],
  ],
  failed: [
    [circle(384, 384, 112), [207, 34, 46]],
    [roundedBox(312, 364, 144, 40, 8), [255, 255, 255]],
  ],
}

/** Red, green, blue and alpha of each pixel; edges are smoothed by 4 x 4 samples. */
function paint(layers: readonly Layer[], size: number): Buffer {
  const samples = 4
  const pixels = Buffer.alloc(size * size * 4)
  for (let index = 0; index < size * size; index++) {
    const sum = [0, 0, 0, 0]
    for (let sample = 0; sample < samples * samples; sample++) {
      const x = (((index % size) + ((sample % samples) + 0.5) / samples) * 512) / size
      const y = ((Math.floor(index / size) + (Math.floor(sample / samples) + 0.5) / samples) * 512) / size
      const color = layers.findLast(([isInside]) => isInside(x, y))?.[1]
      if (!color) continue
      for (const channel of [0, 1, 2] as const) sum[channel]! += color[channel]
      sum[3]!++
    }
    const covered = sum[3]!
    for (const channel of [0, 1, 2])
      pixels[index * 4 + channel] = covered === 0 ? 0 : Math.round(sum[channel]! / covered)
    pixels[index * 4 + 3] = Math.round((covered * 255) / samples ** 2)
  }
  return pixels
}

/** PNG, colour type 6 with 8 bits a channel. Source: W3C PNG specification, chapters 5 and 11. */
function encodePng(pixels: Buffer, size: number): Buffer {
  const chunk = (type: string, data: Buffer): Buffer => {
    const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
    const frame = Buffer.alloc(8)
    frame.writeUInt32BE(data.length, 0)
    frame.writeUInt32BE(crc32(body), 4)
    return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)])
  }
  const header = Buffer.alloc(13)
  header.writeUInt32BE(size, 0)
  header.writeUInt32BE(size, 4)
  header.set([8, 6, 0, 0, 0], 8)
  const rows = Array.from({ length: size }, (_, row) =>
    Buffer.concat([Buffer.from([0]), pixels.subarray(row * size * 4, (row + 1) * size * 4)]),
  )
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
  const image = chunk('IDAT', deflateSync(Buffer.concat(rows), { level: 9 }))
  return Buffer.concat([signature, chunk('IHDR', header), image, chunk('IEND', Buffer.alloc(0))])
}

const write = (name: string, layers: readonly Layer[], size: number): void =>
  writeFileSync(join(iconDir, name), encodePng(paint(layers, size), size))

write('icon.png', APP_ICON, 512)
for (const [state, symbol] of Object.entries(TRAY_SYMBOLS)) {
  write(`tray-${state}.png`, [...APP_ICON, ...symbol], 16)
  write(`tray-${state}@2x.png`, [...APP_ICON, ...symbol], 32)
}
