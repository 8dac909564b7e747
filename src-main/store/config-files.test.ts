import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ConfigFiles } from './config-files.ts'
import { DEFAULTS_DIR, temporaryFolder, thrownCode } from './test-support.ts'

test('an empty folder is filled from the defaults; what is there is never overwritten; a cut filling is done again', () => {
  const root = temporaryFolder()
  writeFileSync(join(root, 'modules.json'), '{"modules":{}}')
  const files = new ConfigFiles(root)
  expect(files.isEmpty).toBe(true)
  files.fillFrom(DEFAULTS_DIR)
  expect([files.isEmpty, [...files.readModules()], [...files.readBranches().keys()]]).toEqual([
    false,
    [],
    ['dar', 'remal'],
  ])

  for (const missing of ['schemas', 'branches', 'sequence-rules.json']) {
    // Whatever is not yet there, the folder does not yet count as filled.
    const cut = temporaryFolder()
    let isMissing = false
    cpSync(DEFAULTS_DIR, cut, {
      recursive: true,
      filter: (path) => {
        isMissing ||= path.endsWith(missing)
        return !path.endsWith(missing) && !path.endsWith('branches.config.json')
      },
    })
    const again = new ConfigFiles(cut)
    expect([isMissing, again.isEmpty]).toEqual([true, true])
    again.fillFrom(DEFAULTS_DIR)
    expect([again.isEmpty, existsSync(join(cut, missing))]).toEqual([false, true])
  }
})

test('branches and modules as their files declare them; what makes no sense falls back or is left out', () => {
  const files = new ConfigFiles(temporaryFolder())
  files.writeJson('branches.config.json', {
    branches: {
      ok: {
        label: 'Ok',
        labels: { ar: 'نعم' },
        timeZone: 'Asia/Riyadh',
        dayStart: '04:30',
        modules: ['pos', 7, '../x'],
      },
      odd: { timeZone: 'Mars/Base', dayStart: '25:00', legacyClients: 'yes', openLan: true },
      '../evil': {},
      text: 'no object',
    },
    patterns: [],
  })
  const plain = { legacyClients: false, openLan: false, dailyReset: false }
  expect(Object.fromEntries(files.readBranches())).toEqual({
    ok: { label: 'Ok', labels: { ar: 'نعم' }, timeZone: 'Asia/Riyadh', dayStart: '04:30', modules: ['pos'], ...plain },
    odd: { label: 'odd', timeZone: 'UTC', dayStart: '05:00', modules: [], ...plain, openLan: true },
  })
  files.writeBranch('new', { label: 'New' })
  files.writeBranch('ok', { legacyClients: true })
  expect([...files.readBranches()].map(([id, { label, legacyClients }]) => [id, label, legacyClients])).toEqual([
    ['ok', 'Ok', true],
    ['odd', 'odd', false],
    ['new', 'New', false],
  ])
  expect(files.readJson('branches.config.json')).toMatchObject({ patterns: [], branches: { text: 'no object' } })
  files.writeModule('lab', {
    label: 'Lab',
    schemaPath: 'data/schemas/lab.json',
    tables: ['a', 1],
    keys: { a: ['x', 'y'] },
  })
  expect(Object.fromEntries(files.readModules())).toEqual({
    lab: {
      label: 'Lab',
      description: '',
      schemaFile: 'schemas/lab.json',
      tables: ['a'],
      objects: [],
      keys: { a: ['x', 'y'] },
    },
  })
})

test('no path leaves the folder, whatever a file or a request says', () => {
  const root = join(temporaryFolder(), 'root')
  mkdirSync(root)
  const files = new ConfigFiles(root)
  for (const path of ['../x.json', '/etc/passwd', 'a/../../x', '..', '.', 'schemas/../../root-2/x']) {
    expect([path, thrownCode(() => files.readJson(path)), thrownCode(() => files.writeJson(path, {}))]).toEqual([
      path,
      'invalid-name',
      'invalid-name',
    ])
  }
  files.writeModule('bad', { schemaFallbackPath: 'schemas/../../../secret.json' })
  const module = files.readModules().get('bad')!
  expect(thrownCode(() => files.readSchema('dar', 'bad', module))).not.toBe('none')
  expect(readdirSync(join(root, '..'))).toEqual(['root'])
})

test('a torn file is named and never taken for an absent one; a write leaves the old file or the new one', () => {
  const root = temporaryFolder()
  const files = new ConfigFiles(root)
  expect(files.readJson('none.json')).toEqual({})
  for (const text of ['{"branches": {', '', 'null', '[]', '"x"']) {
    writeFileSync(join(root, 'branches.config.json'), text)
    expect([text, thrownCode(() => files.readBranches())]).toEqual([text, 'invalid-json'])
    expect([text, thrownCode(() => files.writeBranch('x', {}))]).toEqual([text, 'invalid-json'])
    expect(readFileSync(join(root, 'branches.config.json'), 'utf8')).toBe(text)
  }
  files.writeJson('deep/er/x.json', { a: 1 })
  writeFileSync(join(root, 'deep/er/x.json.new'), '{"a":')
  expect(files.readJson('deep/er/x.json')).toEqual({ a: 1 })
  files.writeJson('deep/er/x.json', { a: 2 })
  expect([files.readJson('deep/er/x.json'), readdirSync(join(root, 'deep/er'))]).toEqual([{ a: 2 }, ['x.json']])
})

test('folders of ids that differ only by capitals, or that no system allows, are apart', () => {
  const files = new ConfigFiles(temporaryFolder())
  const ids = ['dar', 'DAR', 'Dar', 'con', 'CON', 'a.b', 'a_b', 'a:b', 'nul', 'x-1']
  const folders = ids.map((id) => files.branchFolder(id).slice(files.root.length))
  expect(new Set(folders.map((folder) => folder.toLowerCase())).size).toBe(ids.length)
  expect(folders.every((folder) => /^[/\\]branches[/\\][a-z0-9_%-]+$/.test(folder))).toBe(true)
})
