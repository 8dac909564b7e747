import { expect, test } from 'vitest'
import { folderId, folderName } from './folder-name.ts'

test('folder names keep ids apart on every file system and can be read back', () => {
  const ids = ['dar', 'DAR', 'Dar', 'lab:test-pad', 'con', 'nul', 'com1', 'a.b', '..x', 'con.txt', 'x_y-z']
  const names = ids.map(folderName)
  expect(new Set(names.map((name) => name.toLowerCase())).size).toBe(ids.length)
  expect(names.map(folderId)).toEqual(ids)
  expect(folderName('dar')).toBe('dar')
  expect(folderName('DAR')).toBe('%44%41%52')
  expect(names.every((name) => /^[a-z0-9_%-]+$/.test(name))).toBe(true)
})
