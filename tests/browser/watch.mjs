// A browser whose every request, message and picture is watched.
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { chromium } from 'playwright-core'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
const pictures = new URL('../../target/tests/pictures/', import.meta.url).pathname
mkdirSync(pictures, { recursive: true })

export const sizes = { desktop: { width: 1280, height: 900 }, phone: { width: 320, height: 700 } }

/** The browser; the caller closes it. */
export const launch = () => chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
})

/** A page that remembers what it asked others for and what went wrong in it. */
export async function open(t, browser, origin, options = {}) {
  const context = await browser.newContext({ viewport: sizes.desktop, ...options })
  t.after(() => context.close())
  const page = await context.newPage()
  page.setDefaultTimeout(15_000)
  page.foreign = []
  page.complaints = []
  page.on('request', (request) => {
    const url = request.url()
    if (!url.startsWith(`${origin}/`) && !url.startsWith('data:')) page.foreign.push(url)
  })
  page.on('pageerror', (error) => page.complaints.push(String(error)))
  page.on('console', (message) => {
    const own = message.location().url === page.url() && message.text().startsWith('Failed to load resource')
    if (['error', 'warning'].includes(message.type()) && !own) page.complaints.push(message.text())
  })
  return page
}

/** Takes a picture of the page and looks for what must not be: foreign requests, errors, barriers, overflow. */
export async function healthy(page, name, { script = true } = {}) {
  await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true })
  assert.deepEqual(page.foreign, [], `${name} asks nobody else for anything`)
  assert.deepEqual(page.complaints, [], `${name} has no errors`)
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
  assert.ok(wide <= 0, `${name} scrolls sideways by ${wide} pixels`)
  if (!script) return
  await page.evaluate(axe)
  const found = await page.evaluate((values) => globalThis.axe.run(document, { runOnly: { type: 'tag', values } }), rules)
  assert.deepEqual(found.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(' | ')}`), [], `${name} is accessible`)
  assert.ok(found.passes.length > 5, 'axe looked at the page')
}

/** Walks the page with the Tab key: what can be pressed must be reached in order, with a visible focus. */
export async function keyboard(page, name) {
  const expected = await page.evaluate(() => {
    const able = 'a[href], button, summary, input:not([type=hidden]), textarea, select, [tabindex="0"]'
    const shown = [...document.querySelectorAll(able)].filter((e) => e.checkVisibility() && !e.disabled)
    shown.forEach((element, at) => { element.dataset.stop = at })
    return shown.map((element) => element.outerHTML.slice(0, 80))
  })
  await page.evaluate(() => document.activeElement?.blur())
  const reached = []
  for (let turn = 0; turn < expected.length + 3; turn++) {
    await page.keyboard.press('Tab')
    const stop = await page.evaluate(() => {
      const element = document.activeElement
      if (!element?.dataset?.stop) return null
      const { outlineStyle, outlineWidth } = getComputedStyle(element)
      const box = element.getBoundingClientRect()
      const inView = box.bottom > 0 && box.top < innerHeight
      return { at: Number(element.dataset.stop), visible: inView && outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2, html: element.outerHTML.slice(0, 80) }
    })
    if (!stop || reached.includes(stop.at)) continue
    assert.ok(stop.visible, `${name}: the focus is seen on ${stop.html}`)
    reached.push(stop.at)
  }
  assert.deepEqual(reached, expected.map((_, at) => at), `${name}: Tab reaches everything, in order:\n${expected.join('\n')}`)
}
