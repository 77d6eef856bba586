// The pages as people meet them: in a real browser, with every request watched.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import test, { after, before } from 'node:test'
import { ask, demo, links, mutate, newLink } from '../oracles/laurel.mjs'
import { healthy, keyboard, launch, open, sizes } from './watch.mjs'

let browser, summary, origin
before(async () => {
  [browser, summary] = await Promise.all([launch(), demo()])
  origin = new URL(summary.publicUrl).origin
})
after(async () => {
  await browser.close()
  await summary.stop()
})

/** Awards a badge and gives its id, earner and page. */
async function award(address, displayName, badgeId = summary.badge, more = {}) {
  const input = { badgeId, recipient: { email: { address, displayName } }, notify: false, ...more }
  return (await mutate(summary, 'awardCreate', 'award { id publicUrl earner { id } }', input)).award
}

/** A published badge of the demo's issuer. */
async function badge(content) {
  const made = await mutate(summary, 'badgeCreate', 'badge { id }', { issuerId: summary.issuer, content })
  return (await mutate(summary, 'badgePublish', 'badge { id publicUrl }', { badgeId: made.badge.id })).badge
}

/** Signs in by the mailed link, with clicks alone. */
async function signIn(page, address, pictured = async () => {}) {
  await page.goto(`${origin}/sign-in`)
  await pictured('sign-in')
  const known = links(summary.data)
  await page.getByLabel(/mail/i).fill(address)
  await page.getByRole('button', { name: /send/i }).click()
  await page.getByRole('heading', { level: 1, name: /mail|inbox|link/i }).waitFor()
  await pictured('sign-in-sent')
  await page.goto(origin + await newLink(summary.data, known))
  await pictured('sign-in-confirm')
  await page.locator('main').getByRole('button').first().click()
  await page.waitForURL(/\/backpack/)
}

test('the page of an award, on wide and narrow screens, light and dark', async (t) => {
  for (const [size, viewport] of Object.entries(sizes)) {
    for (const colorScheme of ['light', 'dark']) {
      const page = await open(t, browser, origin, { viewport, colorScheme })
      await page.goto(summary.publicUrl)
      assert.match(await page.getByRole('heading', { level: 1 }).innerText(), /Open Learning Pioneer/)
      assert.match(await page.locator('main').innerText(), /Ada Lovelace/)
      const picture = page.locator('main img').first()
      assert.ok(await picture.evaluate((img) => img.complete && img.naturalWidth > 0), 'the picture is there')
      await healthy(page, `award-${size}-${colorScheme}`)
    }
  }
})

test('an award is downloaded as a picture that opens, with its credential inside', async (t) => {
  const page = await open(t, browser, origin, { acceptDownloads: true })
  const blank = await open(t, browser, origin)
  const credential = await (await fetch(`${summary.publicUrl}.json`)).text()
  for (const [form, type] of [['png', 'image/png'], ['svg', 'image/svg+xml']]) {
    await page.goto(summary.publicUrl)
    const started = page.waitForEvent('download')
    await page.getByRole('link', { name: `Download badge (${form.toUpperCase()})` }).click()
    const download = await started
    assert.equal(download.suggestedFilename(), `Open-Learning-Pioneer.${form}`)
    const content = readFileSync(await download.path())
    assert.ok(content.includes(credential), `the ${form} holds the exact credential`)
    await blank.setContent(`<img alt="" src="data:${type};base64,${content.toString('base64')}">`)
    const width = await blank.locator('img').evaluate((img) => img.decode().then(() => img.naturalWidth))
    assert.ok(width > 0, `the ${form} opens`)
    await blank.screenshot({ path: new URL(`../../target/tests/pictures/downloaded-${form}.png`, import.meta.url).pathname })
  }
})

test('from an award to its badge, its issuer, home, and nowhere', async (t) => {
  for (const [size, viewport] of Object.entries(sizes)) {
    const page = await open(t, browser, origin, { viewport, colorScheme: size === 'phone' ? 'dark' : 'light' })
    await page.goto(summary.publicUrl)
    await page.locator('main a[href^="/i/"]').first().click()
    await page.waitForURL(/\/i\//)
    await healthy(page, `issuer-${size}`)
    const { badge } = await ask(summary, 'query($id: ID!) { badge(id: $id) { publicUrl } }', { id: summary.badge })
    await page.goto(badge.publicUrl)
    await healthy(page, `badge-${size}`)
    for (const [name, path, status] of [['home', '/', 200], ['errors', '/errors', 200], ['missing', '/c/award_00000000000000000000000000', 404]]) {
      const response = await page.goto(origin + path)
      assert.equal(response.status(), status, path)
      await healthy(page, `${name}-${size}`)
    }
  }
})

test('an award says where it stands', async (t) => {
  const page = await open(t, browser, origin)
  const shows = async (url, name, status, words) => {
    // Pages follow the log: what was decided a moment ago may take a moment to be shown.
    let response, said
    for (let turn = 0; turn < 200 && !words.test(said); turn++) {
      response = await page.goto(url)
      said = await page.locator('main').innerText()
    }
    assert.match(said, words, name)
    assert.equal(response.status(), status, name)
    await healthy(page, `award-${name}`)
  }
  const pending = await award('pending@example.org', 'Pia Pending')
  await shows(pending.publicUrl, 'pending', 200, /Valid, awaiting acceptance/)
  const revoked = await award('revoked@example.org', 'Rex Revoked')
  await mutate(summary, 'awardRevoke', 'award { status }', { awardId: revoked.id, reason: 'The project was somebody else’s.' })
  await shows(revoked.publicUrl, 'revoked', 200, /Revoked[^]*somebody else’s/)
  const times = { achievedAt: '2020-01-31T12:00:00Z', expiresAt: new Date(Date.now() + 2000).toISOString() }
  const expired = await award('expired@example.org', 'Ed Expired', summary.badge, times)
  await shows(expired.publicUrl, 'expired', 200, /Expired\. This award ended on/)
  const erased = await award('erased@example.org', 'Eve Erased')
  await mutate(summary, 'earnerErase', 'earner { id }', { earnerId: erased.earner.id })
  await shows(erased.publicUrl, 'erased', 410, /withdrawn|erased|no longer/i)
  assert.doesNotMatch(await page.content(), /Eve/, 'the name is gone')
})

test('long names, other scripts and emoji keep the pages whole', async (t) => {
  const name = 'Advanced interdisciplinary competence in '.repeat(5).slice(0, 182) + 'Donaudampfschiffahrts'.slice(0, 18)
  assert.equal(name.length, 200)
  const made = await badge({
    name, description: 'x'.repeat(120), criteriaNarrative: '**ללמוד** וגם ללמד.', tags: ['🌱 growth', 'تعليم مفتوح'],
  })
  for (const [kind, holder] of [['hebrew', 'עדה לאבלייס 👩🏽‍🔬'], ['arabic', 'سلمى الزهراء']]) {
    const { publicUrl } = await award(`${kind}@example.org`, holder, made.id)
    for (const [size, viewport] of Object.entries(sizes)) {
      const page = await open(t, browser, origin, { viewport })
      await page.goto(publicUrl)
      assert.equal(await page.locator('.to b').innerText(), holder)
      assert.equal(await page.locator('.to b').evaluate((b) => b.matches(':dir(rtl)')), true)
      await healthy(page, `award-${kind}-${size}`)
    }
  }
  const page = await open(t, browser, origin, { viewport: sizes.phone })
  await page.goto(made.publicUrl)
  await healthy(page, 'badge-long-phone')
})

test('an earner signs in by mail, accepts, declines and signs out', async (t) => {
  await award('grace@example.org', 'Grace')
  const spare = await badge({ name: 'Mentor of peers', description: 'Helped three others to finish.', criteriaNarrative: 'Three peers say so.' })
  await award('grace@example.org', 'Grace', spare.id)
  const page = await open(t, browser, origin)
  await signIn(page, 'Grace@example.org', (name) => healthy(page, name))
  assert.match(await page.locator('main').innerText(), /Open Learning Pioneer/)
  await healthy(page, 'backpack')
  await keyboard(page, 'backpack')
  await page.getByRole('button', { name: /accept open/i }).press('Enter')
  await page.getByRole('button', { name: /accept open/i }).waitFor({ state: 'detached' })
  await page.getByRole('button', { name: /decline mentor/i }).click()
  await page.getByRole('button', { name: /decline mentor/i }).waitFor({ state: 'detached' })
  assert.match(await page.locator('main').innerText(), /^Declined$/im)
  await healthy(page, 'backpack-answered')
  await page.setViewportSize(sizes.phone)
  await healthy(page, 'backpack-phone')
  await page.getByRole('link', { name: 'Open Learning Pioneer', exact: true }).click()
  assert.match(await page.locator('main').innerText(), /accepted by its holder/)
  await page.setViewportSize(sizes.desktop)
  await healthy(page, 'award-accepted')
  await page.goto(`${origin}/backpack/erase`)
  await healthy(page, 'backpack-erase')
  await page.goto(`${origin}/backpack`)
  await page.getByRole('button', { name: /sign out/i }).click()
  await page.goto(`${origin}/backpack`)
  assert.match(page.url(), /sign-in/, 'signed out is signed out')
})

test('everything works without script', async (t) => {
  await award('plain@example.org', 'Paula Plain')
  const page = await open(t, browser, origin, { javaScriptEnabled: false })
  await page.goto(summary.publicUrl)
  assert.match(await page.locator('main').innerText(), /Ada Lovelace/)
  await page.getByText('QR code of this page').click()
  await healthy(page, 'award-without-script', { script: false })
  await signIn(page, 'plain@example.org')
  await page.getByRole('button', { name: /accept/i }).click()
  await page.getByRole('button', { name: /accept/i }).waitFor({ state: 'detached' })
  await page.goto(`${origin}/backpack/erase`)
  await page.locator('main').getByRole('button').first().click()
  await page.waitForLoadState()
  await healthy(page, 'erased-without-script', { script: false })
})

test('a backpack with nothing in it', async (t) => {
  const page = await open(t, browser, origin)
  await signIn(page, 'nobody@example.org')
  assert.match(await page.locator('main').innerText(), /nothing here yet/i)
  await healthy(page, 'backpack-empty')
})

test('the keyboard reaches everything on every page', async (t) => {
  const page = await open(t, browser, origin)
  for (const path of [summary.publicUrl, '/', '/sign-in', '/sign-in?to=organization', '/errors', '/graphiql']) {
    await page.goto(new URL(path, origin).href, { waitUntil: 'networkidle' })
    await keyboard(page, path)
  }
})

test('the playground answers', async (t) => {
  for (const [size, viewport] of Object.entries(sizes)) {
    const page = await open(t, browser, origin, { viewport, colorScheme: size === 'phone' ? 'dark' : 'light' })
    await page.goto(`${origin}/graphiql`)
    await page.getByLabel('Access token').fill(summary.token)
    await page.getByLabel('Document').fill('{ badges(first: 3) { nodes { name status } } }')
    await page.getByRole('button', { name: 'Run' }).click()
    await page.locator('#answer').getByText('Open Learning Pioneer').waitFor()
    await healthy(page, `playground-${size}`)
  }
})
