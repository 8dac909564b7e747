import { useState } from 'react'
import { matchesSearch } from '../../../src-renderer/i18n/text-input.ts'
import { useBranch, useMay } from '../../shared/branch.tsx'
import { Button, Dialog } from '../../shared/controls.tsx'
import { useTable } from '../../shared/hooks.ts'
import { PlusIcon } from '../../shared/icons.tsx'
import type { CustomerAddresses } from '../../shared/pos-tables.ts'
import { newId, type WriteRequest } from '../../shared/sdk.ts'
import { useTill } from '../state/till.tsx'
import { useTexts } from '../texts.ts'

const SHOWN = 30

/** Who the order is for; a delivery also needs to know where. */
export function CustomerDialog({ onClose }: { onClose(): void }) {
  const t = useTexts()
  const { store } = useBranch()
  const { cart, changeCart } = useTill()
  const [text, setText] = useState('')
  const [isNew, setNew] = useState(false)
  const addresses = Map.groupBy(useTable(store, 'customer_addresses'), ({ customerId }) => customerId ?? '')
  const found = useTable(store, 'customer_profiles').filter(({ name, phone }) =>
    matchesSearch(text, name ?? '', (phone ?? '').replace(/\s/g, '')),
  )
  function choose(customerId: string | null, addressId: string | null): void {
    changeCart((now) => ({ ...now, customerId, addressId }))
    onClose()
  }
  const canAdd = useMay()('insert', 'customer_profiles')
  return (
    <Dialog title={t('customer.title')} name="customer" shape="wide" onClose={onClose}>
      {isNew ? (
        <NewCustomer name={text} onDone={choose} />
      ) : (
        <>
          <div className="customer-search">
            <input
              className="input"
              data-autofocus
              aria-label={t('customer.search')}
              placeholder={t('customer.search')}
              value={text}
              onChange={(event) => setText(event.target.value)}
            />
            {canAdd && (
              <Button icon={<PlusIcon />} onPress={() => setNew(true)} testId="new-customer">
                {t('customer.new')}
              </Button>
            )}
          </div>
          <ul className="customers">
            {found.slice(0, SHOWN).map((customer) => (
              <li key={customer.id} className="customer">
                <p className="customer-words">
                  <bdi>
                    <strong>{customer.name}</strong>
                  </bdi>
                  <bdi dir="ltr" className="soft">
                    {customer.phone}
                  </bdi>
                </p>
                <div className="line-of-buttons">
                  {cart.orderTypeId === 'delivery' && addresses.has(customer.id) ? (
                    addresses.get(customer.id)!.map((address) => (
                      <Button
                        key={address.id}
                        isPressed={cart.addressId === address.id}
                        onPress={() => choose(customer.id, address.id)}
                      >
                        <bdi>{addressText(address)}</bdi>
                      </Button>
                    ))
                  ) : (
                    <Button isPressed={cart.customerId === customer.id} onPress={() => choose(customer.id, null)}>
                      {t('customer.save')}
                    </Button>
                  )}
                </div>
              </li>
            ))}
          </ul>
          {cart.customerId !== null && (
            <Button variant="ghost" onPress={() => choose(null, null)}>
              {t('customer.none')}
            </Button>
          )}
        </>
      )}
    </Dialog>
  )
}

export function addressText({ label, street, building }: CustomerAddresses): string {
  return [label, [street, building].filter(Boolean).join(' ')].filter(Boolean).join(': ')
}

function NewCustomer({ name, onDone }: { name: string; onDone(customerId: string, addressId: string | null): void }) {
  const t = useTexts()
  const { store } = useBranch()
  const [fields, setFields] = useState({ name, phone: '', street: '' })
  const isReady = fields.name.trim() !== '' && fields.phone.trim() !== ''

  async function save(): Promise<void> {
    const id = newId('customer_profiles')
    const person = { id, name: fields.name.trim(), phone: fields.phone.trim() }
    const writes: WriteRequest[] = [{ action: 'insert', table: 'customer_profiles', record: person }]
    const addressId = fields.street.trim() === '' ? null : newId('customer_addresses')
    if (addressId) {
      const address = { id: addressId, customerId: id, street: fields.street.trim(), isPrimary: true }
      writes.push({ action: 'insert', table: 'customer_addresses', record: address })
    }
    const write = store.batch(writes)
    write.catch(() => undefined)
    await write.queued
    onDone(id, addressId)
  }

  return (
    <form
      className="customer-form"
      onSubmit={(event) => {
        event.preventDefault()
        if (isReady) void save()
      }}
    >
      {(['name', 'phone', 'street'] as const).map((field) => (
        <label key={field} className="field">
          <span className="field-label">{t(`customer.${field}`)}</span>
          <input
            className="input"
            name={field}
            maxLength={field === 'phone' ? 40 : 200}
            {...(field === 'name' && { 'data-autofocus': true })}
            {...(field === 'phone' && { inputMode: 'tel' as const, dir: 'ltr' })}
            value={fields[field]}
            onChange={(event) => setFields((now) => ({ ...now, [field]: event.target.value }))}
          />
        </label>
      ))}
      <Button variant="primary" type="submit" isDisabled={!isReady}>
        {t('customer.save')}
      </Button>
    </form>
  )
}
