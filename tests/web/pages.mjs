// Every page, as each role sees it: both languages, light and dark, desk, phone and a narrow screen.

import assert from "node:assert/strict";
import { look, signIn } from "./browser.mjs";

const VIEWS = [
  { language: "en", scheme: "light", width: 1280, device: "desk" },
  { language: "ar", scheme: "dark", width: 1280, device: "desk" },
  { language: "ar", scheme: "light", width: 390, device: "phone" },
  { language: "en", scheme: "dark", width: 320, device: "narrow" },
];

const PAGES = {
  staff: ["/dashboard", "/new", "/incidents", "/account", "/change-password", "/mfa/setup", "/prove"],
  quality_admin: ["/dashboard", "/incidents", "/workflow", "INCIDENT", "TRAIL"],
  top_management: ["/dashboard", "/analytics", "/admin/provision", "POSTER"],
};

export async function everyPage(browser, { accounts, link }, folder) {
  const wrong = [];
  let pages = 0;
  for (const view of VIEWS) {
    const called = (name) => `${name}-${view.language}-${view.scheme}-${view.device}`;
    const stranger = await browser.person(view);
    for (const [name, path] of [["login", "/login"], ["receipt", "/receipt"], ["report", link], ["nowhere", "/report/none"], ["ui", "/ui"], ["try", "/try"]]) {
      await stranger.page.goto(path);
      wrong.push(...await look(stranger.page, called(name), folder));
      pages += 1;
    }
    await stranger.close();
    for (const [role, paths] of Object.entries(PAGES)) {
      const person = await browser.person(view);
      await signIn(person, accounts[role]);
      for (const path of paths) {
        await person.page.goto(await address(person.page, path));
        await person.page.evaluate(() => document.querySelectorAll("main details").forEach((part) => { part.open = true; }));
        wrong.push(...await look(person.page, called(`${role}${path.toLowerCase().replaceAll(/^\/?|\//g, "-")}`), folder));
        pages += 1;
      }
      await person.close();
    }
  }
  assert.deepEqual(wrong, [], "nothing that axe finds, and nothing that scrolls sideways");
  return pages;
}

async function address(page, path) {
  const first = (selector) => page.locator(selector).first().getAttribute("href");
  switch (path) {
    case "INCIDENT":
    case "TRAIL": {
      await page.goto("/incidents?state=evaluating");
      const incident = await first(".list td a");
      return path === "TRAIL" ? `${incident}/trail` : incident;
    }
    case "POSTER":
      await page.goto("/admin/provision");
      return first("a[href$='/poster']");
    default:
      return path;
  }
}
