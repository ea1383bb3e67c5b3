// Whole stories, by the hands of people: in both languages, without script, by keyboard alone, without a connection.

import assert from "node:assert/strict";
import { signIn } from "./browser.mjs";

/** A nurse reports; the quality department asks, rates, follows up and closes; the report goes on paper. */
export async function fromReportToPaper(browser, { accounts }, { language, script }) {
  const nurse = await browser.person({ language, width: 390, script });
  const office = await browser.person({ language, script });
  await signIn(nurse, accounts.staff, "/new");
  await signIn(office, accounts.quality_admin);
  const words = language === "ar" ? "أُعطيت المريضة عشرة أضعاف الجرعة ثم توقف تنفسها." : "She got ten times the dose and stopped breathing.";
  await nurse.page.fill("#description", words);
  await nurse.page.selectOption("#category", "medication");
  await nurse.page.check("[name=actual_harm][value=severe]");
  await nurse.page.click("main form button:not([name])");
  await nurse.page.waitForURL(/\/incidents\//);
  const path = new URL(nurse.page.url()).pathname;

  const step = async (action, fill = async () => {}) => {
    await office.page.goto(path);
    const form = office.page.locator(`form:has(input[name=part][value=${action}])`);
    const closed = office.page.locator(`details:has(input[name=part][value=${action}])`);
    if (await closed.count() && !(await closed.getAttribute("open"))) await closed.locator("summary").click();
    await fill(form);
    await form.locator("button").click();
    await office.page.waitForURL((url) => url.pathname === path);
  };
  await step("start");
  await step("evaluate");
  await step("ask", (form) => form.locator("textarea").fill("Which pump? أي مضخة؟"));
  await nurse.page.goto("/dashboard");
  await nurse.page.click(".rows a");
  await nurse.page.locator("details:has(input[value=answer]) summary").click();
  await nurse.page.locator("form:has(input[value=answer]) textarea").fill("7");
  await nurse.page.locator("form:has(input[value=answer]) button").click();
  await nurse.page.waitForURL(/\/incidents\//);
  await step("assess", (form) => form.locator("input[name=cell]").first().check());
  await step("review_ai", async (form) => {
    await form.locator("input[value=overridden]").check();
    await form.locator("textarea").fill("The patient recovered.");
  });
  await step("jci", (form) => form.locator("input[name=jci_status]").first().check());
  await step("follow_up", async (form) => {
    await form.locator("#task").fill("Lock the library of the pumps");
    await form.locator("#owner").fill("Pharmacy");
    for (const [part, value] of [["day", "31"], ["month", "١٢"], ["year", "2030"]]) await form.locator(`#due-${part}`).fill(value);
  });
  await step("take_action");
  await office.page.goto(path);
  await office.page.locator("details:has(textarea[name=evidence]) summary").click();
  await office.page.fill("textarea[name=evidence]", "Locked on Monday.");
  await office.page.locator("form:has(textarea[name=evidence]) button").click();
  await step("complete");
  const paper = await office.context.request.get(`/exports${path}.pdf?lang=${language}`);
  assert.equal(paper.headers()["content-type"], "application/pdf");
  await nurse.close();
  await office.close();
}

/** Two tabs: the second says that the first was faster, and keeps what was typed. */
export async function staleTab(browser, { accounts }) {
  const person = await browser.person();
  await signIn(person, accounts.quality_admin);
  const { page } = person;
  await page.goto("/incidents?state=created");
  await page.click(".list td a");
  const path = new URL(page.url()).pathname;
  const other = await person.context.newPage();
  await other.goto(path);
  const remark = "details:has(input[value=add_remark])";
  for (const tab of [page, other]) {
    await tab.locator(`${remark} summary`).click();
    await tab.locator(`${remark} textarea`).fill("Typed with care.");
  }
  await page.locator(`${remark} button`).click();
  await page.waitForURL((url) => url.pathname === path);
  await other.locator(`${remark} button`).click();
  await other.waitForSelector(".note--bad");
  assert.equal(await other.locator("form:has(input[value=add_remark]) textarea").inputValue(), "Typed with care.");
  await person.close();
}

/** The demonstration signs in by one press, as each of three roles. */
export async function onePress(browser) {
  const person = await browser.person({ language: "ar", width: 390 });
  for (const [at, first] of [[0, "/new"], [1, "/workflow"], [2, "/admin/provision"]]) {
    await person.page.goto("/try");
    await person.page.locator("main form button").nth(at).click();
    await person.page.waitForURL(/\/dashboard/);
    assert.ok(await person.page.locator(`nav a[href="${first}"]`).count(), `${first} is in the menu`);
  }
  await person.close();
}

/** Two minutes before the session ends a question appears, and one press keeps it. */
export async function staySignedIn(browser, { accounts }) {
  const person = await browser.person();
  await signIn(person, accounts.quality_admin);
  await person.page.clock.install();
  await person.page.goto("/incidents");
  await person.page.clock.fastForward("12:30");
  assert.ok(!(await person.page.isVisible("dialog")));
  await person.page.clock.fastForward("01:00");
  await person.page.waitForSelector("dialog[open]");
  await person.page.click("dialog button");
  await person.page.waitForSelector("dialog", { state: "hidden" });
  await person.close();
}

/** Signing out leaves nothing behind: neither the page before nor its picture in the browser. */
export async function backAfterLogout(browser, { accounts }) {
  const person = await browser.person();
  await signIn(person, accounts.quality_admin, "/incidents");
  await person.page.click("header form button");
  await person.page.waitForURL(/\/login/);
  await person.page.goBack();
  await person.page.waitForURL(/\/login/);
  await person.close();
}

/** A visitor reports by the keyboard alone, from the first link to the code. */
export async function byKeyboard(browser, { link }) {
  const { page, close } = await browser.person({ language: "en" });
  await page.goto(link);
  await page.keyboard.press("Tab");
  assert.match(await page.evaluate(() => document.activeElement.className), /skip/);
  const reach = async (selector) => {
    for (let tries = 0; tries < 40; tries += 1) {
      if (await page.evaluate((selector) => document.activeElement.matches(selector), selector)) return;
      await page.keyboard.press("Tab");
    }
    assert.fail(`the keyboard does not reach ${selector}`);
  };
  await reach("#description");
  await page.keyboard.type("The rail of the bed was down and my father fell.");
  await reach("#category");
  await page.keyboard.press("End");
  await reach("[name=when]");
  await page.keyboard.press("ArrowDown");
  await reach("main form button");
  await page.keyboard.press("Enter");
  await page.waitForSelector("[data-taken]");
  await close();
}

/** What is typed survives a reload, and is gone once the report was taken; a second press sends nothing twice. */
export async function draft(browser, { link }) {
  const { page, close } = await browser.person({ language: "ar", width: 390 });
  await page.goto(link);
  await page.fill("#description", "سقط أبي من السرير أثناء الليل.");
  await page.selectOption("#category", "patient_accident");
  await page.check("[value=earlier]");
  await page.reload();
  assert.equal(await page.inputValue("#description"), "سقط أبي من السرير أثناء الليل.");
  assert.ok(await page.isVisible("#occurred-day"));
  await page.check("[value=today]");
  assert.ok(!(await page.isVisible("#occurred-day")));
  await page.dblclick("main form button");
  await page.waitForSelector("[data-taken]");
  assert.equal(await page.evaluate(() => Object.keys(sessionStorage).length), 0);
  await close();
}
