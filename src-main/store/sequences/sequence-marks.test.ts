import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { removeTemporaryFolders, TestBranch, temporaryFolder } from '../archive/test-branch.ts'
import { SystemDatabase } from '../sqlite/system-database.ts'
import { SequenceMarks } from './sequence-marks.ts'

afterEach(removeTemporaryFolders)

test('a mark on disk is never below a number in use and is written once in a hundred', async () => {
  const database = SystemDatabase.open(join(temporaryFolder(), 'system.db'))
  const written: number[] = []
  const raise = database.raiseMark.bind(database)
  database.raiseMark = (branchId, mark) => {
    written.push(mark.value)
    raise(branchId, mark)
  }
  const branch = new TestBranch({ marks: new SequenceMarks(database, 'dar') })
  for (let n = 1; n <= 150; n++) {
    await branch.write('insert', 'order_header', { statusId: 'open' })
    const last = branch.pos.sequences.list()[0]!.last!
    expect(database.listMarks('dar')[0]!.value).toBeGreaterThanOrEqual(last)
  }
  expect(written).toEqual([100, 200])
  // After a restart the known block is used up first.
  new SequenceMarks(database, 'dar').raise('pos', 'order_header', 'id', '', 151)
  expect(written).toEqual([100, 200])
  new SequenceMarks(database, 'dar').raise('pos', 'order_header', 'id', '', 5000)
  expect(database.listMarks('dar')).toEqual([
    { module: 'pos', tbl: 'order_header', field: 'id', period: '', value: 5099 },
  ])
  await branch.close()
  database.close()
})
