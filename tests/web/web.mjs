// node web.mjs PROGRAM FOLDER: runs every story and every page against a demonstration of its own; pictures go to FOLDER.

import { open, signIn } from "./browser.mjs";
import { demo } from "./demo.mjs";
import { everyPage } from "./pages.mjs";
import { backAfterLogout, byKeyboard, draft, fromReportToPaper, onePress, staleTab, staySignedIn } from "./stories.mjs";

const [program, folder] = process.argv.slice(2);
const site = await demo(program);
const browser = await open(site.address);
try {
  site.link = await posterLink(browser, site);
  const stories = {
    "from report to paper, in English": () => fromReportToPaper(browser, site, { language: "en", script: true }),
    "from report to paper, in Arabic": () => fromReportToPaper(browser, site, { language: "ar", script: true }),
    "from report to paper, without script": () => fromReportToPaper(browser, site, { language: "ar", script: false }),
    "a stale tab": () => staleTab(browser, site),
    "one press into the demonstration": () => onePress(browser),
    "stay signed in": () => staySignedIn(browser, site),
    "back after logout": () => backAfterLogout(browser, site),
    "by keyboard": () => byKeyboard(browser, site),
    "a draft, and a double click": () => draft(browser, site),
  };
  for (const [name, story] of Object.entries(stories)) {
    const started = Date.now();
    await story();
    console.log(`${name}: ${((Date.now() - started) / 1000).toFixed(1)} s`);
  }
  const pages = await everyPage(browser, site, folder);
  console.log(`${pages} pages without a violation; their pictures are in ${folder}`);
} finally {
  await browser.close();
  await site.stop();
}

/** Top management gives a facility an address for visitors. */
async function posterLink(browser, { accounts }) {
  const person = await browser.person();
  await signIn(person, accounts.top_management, "/admin/provision");
  await person.page.locator("a[href$='/poster']").first().click();
  const link = person.page.locator(".poster .code").first();
  if (!(await link.count())) await person.page.click("main form button");
  const url = new URL(await link.textContent());
  await person.close();
  return url.pathname;
}
