import { isName } from '../../../src-shared/ids.ts'
import { isJsonObject, type JsonObject } from '../../../src-shared/json.ts'
import { listFolders } from './json-files.ts'
import type { TakeoverReport } from './types.ts'

/** A branch as configuration and folders name it, before its data is read. */
export interface KnownBranch {
  branchId: string
  label: string
  moduleIds: string[]
  /** Path of its folder below the data folder; null when it has none. */
  folder: string | null
}

interface Pattern {
  match: RegExp
  moduleIds: string[]
}

/** Branches of branches.config.json and of the folder branches/, each with the modules that the field server gives it. */
export class BranchNames {
  readonly branches = new Map<string, KnownBranch>()
  readonly #patterns: Pattern[] = []
  readonly #defaults: string[]
  readonly #moduleIds: ReadonlySet<string>
  readonly #report: TakeoverReport

  constructor(root: string, config: JsonObject, moduleIds: ReadonlySet<string>, report: TakeoverReport) {
    this.#moduleIds = moduleIds
    this.#report = report
    this.#defaults = stringsOf(config.defaults)
    for (const [index, pattern] of (Array.isArray(config.patterns) ? config.patterns : []).entries()) {
      this.#addPattern(pattern, `branches.config.json#patterns[${index}]`)
    }
    if (isJsonObject(config.branches)) {
      for (const [branchId, entry] of Object.entries(config.branches)) this.#addConfigured(branchId, entry)
    }
    for (const folder of listFolders(root, 'branches')) this.#addFolder(root, folder)
  }

  /** A branch that only the SQLite file knows, by its lower-cased id. */
  addUnknown(branchId: string): KnownBranch {
    const branch = { branchId, label: branchId, moduleIds: this.#resolveModules(branchId), folder: null }
    this.branches.set(branchId, branch)
    return branch
  }

  #addConfigured(branchId: string, entry: unknown): void {
    const item = `branches.config.json#branches.${branchId}`
    if (!isName(branchId)) {
      this.#report.refuse(item, 'the branch id has characters that are not allowed')
      return
    }
    const config = isJsonObject(entry) ? entry : {}
    const label = typeof config.label === 'string' && config.label !== '' ? config.label : branchId
    const moduleIds = this.#onlyKnown(stringsOf(config.modules), item)
    this.branches.set(branchId, { branchId, label, moduleIds, folder: null })
  }

  #addFolder(root: string, folder: string): void {
    const path = `branches/${folder}`
    const branchId = decode(folder)
    if (branchId === undefined || !isName(branchId)) {
      this.#report.refuse(path, 'the folder name is not the name of a branch')
      return
    }
    const known = this.branches.get(branchId)
    if (known?.folder) {
      this.#report.refuse(path, `a second folder of branch ${branchId}; ${known.folder} is used`)
      return
    }
    const branch = known ?? this.addUnknown(branchId)
    branch.folder = path
    // Data of a module that the branch does not list (any more) is still data.
    for (const moduleId of listFolders(root, `${path}/modules`)) {
      if (branch.moduleIds.includes(moduleId)) continue
      if (this.#moduleIds.has(moduleId)) {
        branch.moduleIds.push(moduleId)
        this.#report.note(
          `${path}/modules/${moduleId}`,
          `module ${moduleId} was added to branch ${branchId}: it has a folder there`,
        )
      } else {
        this.#report.refuse(`${path}/modules/${moduleId}`, `module ${moduleId} has no usable schema`)
      }
    }
  }

  #addPattern(pattern: unknown, item: string): void {
    const match = isJsonObject(pattern) && typeof pattern.match === 'string' ? toRegExp(pattern.match) : undefined
    if (!match || !isJsonObject(pattern)) {
      this.#report.refuse(item, 'not a usable pattern')
      return
    }
    this.#patterns.push({ match, moduleIds: stringsOf(pattern.modules) })
  }

  #resolveModules(branchId: string): string[] {
    const pattern = this.#patterns.find((candidate) => candidate.match.test(branchId))
    return (pattern?.moduleIds ?? this.#defaults).filter((moduleId) => this.#moduleIds.has(moduleId))
  }

  #onlyKnown(moduleIds: string[], item: string): string[] {
    return [...new Set(moduleIds)].filter((moduleId) => {
      const isKnown = this.#moduleIds.has(moduleId)
      if (!isKnown) this.#report.refuse(`${item}.modules`, `module ${moduleId} has no usable schema`)
      return isKnown
    })
  }
}

function decode(folder: string): string | undefined {
  try {
    return decodeURIComponent(folder)
  } catch {
    return undefined
  }
}

function toRegExp(source: string): RegExp | undefined {
  try {
    return new RegExp(source)
  } catch {
    return undefined
  }
}

export function stringsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string' && one !== '') : []
}
