import { useMemo, useState } from 'react'
import { Money } from '../../shared/branch.tsx'
import { useLocale } from '../../shared/i18n.tsx'
import { CloseIcon, SearchIcon } from '../../shared/icons.tsx'
import { newId } from '../../shared/sdk.ts'
import { useSharedTexts } from '../../shared/texts.ts'
import { addLine, type CartLine, isSent, lineOfItem, missingGroups } from '../model/cart.ts'
import { favourites, type Menu, type MenuItem, searchMenu } from '../model/menu.ts'
import { useTill } from '../state/till.tsx'
import { useTexts } from '../texts.ts'
import { CartPanel } from './cart.tsx'
import { LineDialog } from './line-dialog.tsx'

interface SellViewProps {
  onHold(): Promise<void>
  onSend(): Promise<void>
  onPay(): void
  onTables(): void
}

/** The menu and, beside it, the order on the counter. */
export function SellView(actions: SellViewProps) {
  const { cart, changeCart, canAdd } = useTill()
  const [selectedId, select] = useState<string>()
  const [edited, edit] = useState<CartLine>()

  function add(item: MenuItem): void {
    if (!canAdd) return
    const line = lineOfItem(item, newId('order_line'))
    // What has to be chosen is asked before the line is on the bill.
    if (missingGroups(item, line).length > 0) {
      edit(line)
      return
    }
    put(line)
  }

  function put(line: CartLine): void {
    changeCart((now) => {
      const known = now.lines.some(({ id }) => id === line.id)
      const next = known
        ? { ...now, lines: now.lines.map((one) => (one.id === line.id ? line : one)) }
        : addLine(now, line)
      return next
    })
    const same = cart.lines.find((known) => known.itemId === line.itemId && !isSent(known))
    select(same?.id ?? line.id)
  }

  return (
    <div className="sell">
      <MenuPanel onAdd={add} />
      <CartPanel {...actions} selectedId={selectedId} onSelect={select} onEdit={edit} />
      {edited && (
        <LineDialog
          line={edited}
          onClose={() => edit(undefined)}
          onSave={(line) => {
            put(line)
            edit(undefined)
          }}
        />
      )}
    </div>
  )
}

const FAVOURITES = 'favourites'

function MenuPanel({ onAdd }: { onAdd(item: MenuItem): void }) {
  const t = useTexts()
  const { nameOf } = useLocale()
  const { menu } = useTill()
  const [chosen, choose] = useState(FAVOURITES)
  const [text, setText] = useState('')
  const liked = useMemo(() => favourites(menu), [menu])
  const categoryId = chosen === FAVOURITES && liked.length === 0 ? menu.categories[0]?.id : chosen
  const items = useMemo(() => {
    if (text.trim() !== '') return searchMenu(menu, text)
    return categoryId === FAVOURITES ? liked : menu.items.filter(({ record }) => record.categoryId === categoryId)
  }, [menu, text, categoryId, liked])
  return (
    <section className="menu" aria-label={t('menu.label')}>
      <MenuSearch text={text} onChange={setText} />
      <nav className="rail" aria-label={t('menu.label')}>
        {liked.length > 0 && (
          <button
            type="button"
            className="rail-tab"
            aria-pressed={text === '' && categoryId === FAVOURITES}
            onClick={() => {
              setText('')
              choose(FAVOURITES)
            }}
          >
            <span className="rail-mark rail-mark-star" aria-hidden="true" />
            {t('menu.favourites')}
          </button>
        )}
        {menu.categories.map(({ id, record, tint }) => (
          <button
            key={id}
            type="button"
            className="rail-tab"
            data-category={id}
            aria-pressed={text === '' && categoryId === id}
            onClick={() => {
              setText('')
              choose(id)
            }}
          >
            <span className={`rail-mark tint-${tint}`} aria-hidden="true" />
            {nameOf(record)}
          </button>
        ))}
      </nav>
      <ItemGrid menu={menu} items={items} onAdd={onAdd} />
      {items.length === 0 && text !== '' && <p className="menu-none">{t('menu.none', { text })}</p>}
    </section>
  )
}

function MenuSearch({ text, onChange }: { text: string; onChange(text: string): void }) {
  const t = useTexts()
  const shared = useSharedTexts()
  return (
    <search className="menu-search">
      <SearchIcon size={18} className="menu-search-icon" />
      <input
        className="input menu-search-input"
        type="text"
        aria-label={t('menu.search')}
        placeholder={t('menu.search')}
        autoComplete="off"
        enterKeyHint="search"
        value={text}
        onChange={(event) => onChange(event.target.value)}
      />
      {text !== '' && (
        <button
          type="button"
          className="menu-search-clear"
          aria-label={shared('common.clear')}
          onClick={() => onChange('')}
        >
          <CloseIcon size={18} />
        </button>
      )}
    </search>
  )
}

function ItemGrid({ menu, items, onAdd }: { menu: Menu; items: readonly MenuItem[]; onAdd(item: MenuItem): void }) {
  const t = useTexts()
  const { nameOf, format } = useLocale()
  const { cart } = useTill()
  const tints = useMemo(() => new Map(menu.categories.map(({ id, tint }) => [id, tint])), [menu])
  const counts = new Map<string, number>()
  for (const { itemId, quantity } of cart.lines) counts.set(itemId, (counts.get(itemId) ?? 0) + quantity)
  return (
    <ul className="grid">
      {items.map((item) => {
        const count = counts.get(item.id) ?? 0
        return (
          <li key={item.id}>
            <button
              type="button"
              className={`tile tint-${tints.get(item.record.categoryId ?? '') ?? 1}`}
              data-item={item.id}
              onClick={() => onAdd(item)}
            >
              <span className="tile-name">{nameOf(item.record)}</span>
              <span className="tile-foot">
                <Money amount={item.price} />
                {count > 0 && (
                  <span className="tile-count">
                    <span className="visually-hidden">{t('menu.inCart', { count })}</span>
                    <span aria-hidden="true">{format.number(count)}</span>
                  </span>
                )}
              </span>
            </button>
          </li>
        )
      })}
    </ul>
  )
}
