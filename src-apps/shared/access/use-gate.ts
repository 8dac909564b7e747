import { useCallback, useEffect, useState } from 'react'
import type { AccessState } from '../sdk.ts'
import { deviceSession, pairByLink } from './device.ts'
import { askDoor, type Door, rememberedDoor } from './door.ts'

export interface Gate {
  /** Undefined until the device's memory was read. */
  state: AccessState | undefined
  /** Of a device that is not paired; undefined until the server was asked. */
  door: Door | undefined
  /** Why the link that opened the page did not pair the device. */
  linkProblem: unknown
  recheck(): void
}

/** Where this device stands. A paired one needs no server to know. */
export function useGate(deviceName: string): Gate {
  const [state, setState] = useState<AccessState>()
  const [door, setDoor] = useState<Door | undefined>(rememberedDoor)
  const [linkProblem, setLinkProblem] = useState<unknown>()
  useEffect(() => {
    let isOver = false
    const stop = deviceSession.on('change', setState)
    const begin = async () => {
      await deviceSession.open()
      await pairByLink(deviceName)?.catch((error: unknown) => !isOver && setLinkProblem(error))
      if (!isOver) setState(deviceSession.state)
    }
    void begin()
    return () => {
      isOver = true
      stop()
    }
  }, [deviceName])
  const isUnpaired = state?.kind === 'unpaired'
  useEffect(() => {
    if (!isUnpaired) return
    let isOver = false
    // Without an answer the app shows what the device has, and asks again when the server refuses it.
    void askDoor().then((found) => !isOver && setDoor((known) => found ?? known ?? { kind: 'open' }))
    return () => {
      isOver = true
    }
  }, [isUnpaired])
  const recheck = useCallback(() => {
    void deviceSession.check().then(async ({ kind }) => {
      if (kind !== 'unpaired') return
      const found = await askDoor()
      if (found) setDoor(found)
    })
  }, [])
  return { state, door, linkProblem, recheck }
}
