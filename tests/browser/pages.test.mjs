// The pages as people meet them: in a real browser, with every request watched.
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import test, { after, before } from 'node:test'
import { chromium } from 'playwright-core'
import { demo, folder } from '../oracles/laurel.mjs'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const pictures = new URL('../../target/tests/pictures/', import.meta.url).pathname
mkdirSync(pictures, { recursive: true })

let browser
before(async () => {
  browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  })
})
after(() => browser.close())

/** A page whose every request is watched; foreign ones and script errors fail the test. */
async function open(t, origin, options = {}) {
  const context = await browser.newContext({ bypassCSP: false, ...options })
  t.after(() => context.close())
  const page = await context.newPage()
  page.on('request', (request) => {
    const url = request.url()
    if (!url.startsWith(origin) && !url.startsWith('data:')) page.foreign = (page.foreign ?? []).concat(url)
  })
  page.on('pageerror', (error) => { page.failed = String(error) })
  return page
}

async function healthy(page, name) {
  assert.deepEqual(page.foreign ?? [], [], `${name} asks nobody else for anything`)
  assert.equal(page.failed, undefined, `${name} has no script error`)
  await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true })
  const found = await violations(page)
  assert.deepEqual(found, [], `${name} is accessible`)
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
  assert.ok(wide <= 0, `${name} does not scroll sideways`)
}

/** What axe finds, run in a copy of the page without its content security policy. */
async function violations(page) {
  const bare = await page.context().browser().newContext({ bypassCSP: true, viewport: page.viewportSize(), storageState: await page.context().storageState() })
  try {
    const copy = await bare.newPage()
    await copy.goto(page.url())
    await copy.evaluate(axe)
    const result = await copy.evaluate(() => globalThis.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }))
    return result.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(' | ')}`)
  } finally { await bare.close() }
}

/** The newest sign-in link in the outbox that is not among those known. */
async function link(data, known) {
  for (let turn = 0; turn < 400; turn++) {
    const fresh = links(data).find((found) => !known.includes(found))
    if (fresh) return fresh
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  throw new Error('no mail arrived')
}

function links(data) {
  const files = readdirSync(join(data, 'outbox'), { recursive: true }).filter((name) => name.endsWith('.eml'))
  return files.flatMap((name) => {
    const mail = readFileSync(join(data, 'outbox', name), 'utf8').replace(/=\r?\n/g, '').replaceAll('=3D', '=')
    return mail.match(/\/sign-in\/[A-Za-z0-9._-]+(\?[a-z=&]+)?/) ?? []
  }).filter((found) => found?.startsWith('/sign-in/'))
}

test('an award, its badge and its issuer, for anyone', async (t) => {
  const data = folder(t)
  const summary = await demo(t, data)
  const origin = new URL(summary.publicUrl).origin

  const sizes = { desktop: { width: 1280, height: 900 }, phone: { width: 320, height: 700 } }
  for (const [size, viewport] of Object.entries(sizes)) {
    for (const colorScheme of ['light', 'dark']) {
      const page = await open(t, origin, { viewport, colorScheme, javaScriptEnabled: true })
      await page.goto(summary.publicUrl)
      assert.match(await page.getByRole('heading', { level: 1 }).innerText(), /Open Learning Pioneer/)
      assert.match(await page.locator('main').innerText(), /Ada Lovelace/)
      await healthy(page, `award-${size}-${colorScheme}`)
    }
  }

  const page = await open(t, origin)
  await page.goto(summary.publicUrl)
  const picture = page.locator('main img').first()
  assert.ok(await picture.evaluate((img) => img.complete && img.naturalWidth > 0), 'the picture is there')
  await page.locator('a[href*="/b/"]').first().click()
  await page.waitForURL(/\/b\//)
  await healthy(page, 'badge')
  await page.locator('a[href*="/i/"]').first().click()
  await page.waitForURL(/\/i\//)
  await healthy(page, 'issuer')
  const missing = await page.goto(`${origin}/c/award_00000000000000000000000000`)
  assert.equal(missing.status(), 404)
  await healthy(page, 'missing')
})

test('an earner signs in by mail, accepts an award and signs out', async (t) => {
  const data = folder(t)
  const summary = await demo(t, data)
  const origin = new URL(summary.publicUrl).origin
  const page = await open(t, origin)
  await page.goto(`${origin}/sign-in`)
  await healthy(page, 'sign-in')
  const known = links(data)
  await page.getByLabel(/mail/i).fill('Ada.Lovelace@example.org')
  await page.getByRole('button').first().click()
  await page.waitForLoadState()
  await healthy(page, 'sign-in-sent')
  await page.goto(origin + await link(data, known))
  await healthy(page, 'sign-in-confirm')
  await page.getByRole('button').first().click()
  await page.waitForURL(/\/backpack/)
  assert.match(await page.locator('main').innerText(), /Open Learning Pioneer/)
  await healthy(page, 'backpack')
  await page.getByRole('button', { name: /accept/i }).first().click()
  await page.waitForLoadState()
  assert.match(await page.locator('main').innerText(), /accepted/i)
  await healthy(page, 'backpack-accepted')
  await page.getByRole('button', { name: /sign out/i }).click()
  await page.waitForLoadState()
  await page.goto(`${origin}/backpack`)
  assert.match(page.url(), /sign-in/, 'signed out is signed out')
})

test('the playground answers', async (t) => {
  const data = folder(t)
  const summary = await demo(t, data)
  const origin = new URL(summary.publicUrl).origin
  const page = await open(t, origin, { viewport: { width: 1280, height: 900 } })
  await page.goto(`${origin}/graphiql`)
  await page.waitForLoadState('networkidle')
  await healthy(page, 'playground')
})
