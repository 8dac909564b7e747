const RESERVED = /^(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)/

/**
 * The folder name of a branch or module id: every character outside `[a-z0-9_-]`, and the first letter of a reserved
 * device name, becomes `%hex`, so that DAR and dar are two folders on every file system.
 */
export function folderName(id: string): string {
  const encoded = id.replace(/[^a-z0-9_-]/gu, hexOf)
  return RESERVED.test(encoded) ? hexOf(encoded[0]!) + encoded.slice(1) : encoded
}

/** The id behind a folder name made by `folderName`. */
export function folderId(name: string): string {
  return decodeURIComponent(name)
}

function hexOf(character: string): string {
  return Array.from(Buffer.from(character, 'utf8'), (byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')
}
