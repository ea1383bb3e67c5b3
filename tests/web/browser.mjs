// A browser, and what must hold on each page it shows.

import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

export async function open(address) {
  const browser = await chromium.launch({
    executablePath: process.env.EOVR_CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-sync"],
  });
  const errors = [];
  return {
    /** A person at a device. An error in the console, such as a refused script, fails the run. */
    async person({ language = "en", width = 1280, height = 860, scheme = "light", script = true, more = {} } = {}) {
      const context = await browser.newContext({
        baseURL: address,
        viewport: { width, height },
        colorScheme: scheme,
        locale: language === "ar" ? "ar-EG" : "en-GB",
        javaScriptEnabled: script,
        ...more,
      });
      const page = await context.newPage();
      // The browser says so itself where a test asks for a page that is refused.
      const expected = /status of 4\d\d/;
      page.on("console", (said) => said.type() === "error" && !expected.test(said.text()) && errors.push(`${page.url()}: ${said.text()}`));
      page.on("pageerror", (error) => errors.push(`${page.url()}: ${error}`));
      return { context, page, language, close: () => context.close() };
    },
    async close() {
      await browser.close();
      assert.deepEqual(errors, [], "the console is quiet");
    },
  };
}

export async function signIn({ page }, { email, password }, to = "/") {
  await page.goto(`/login?to=${encodeURIComponent(to)}`);
  await page.fill("#email", email);
  await page.fill("#password", password);
  await page.click("main form button");
  await page.waitForURL((url) => url.pathname !== "/login");
}

/** What axe finds and what scrolls sideways; and a picture to look at. */
export async function look(page, name, folder) {
  await page.evaluate(`${axe};0`);
  const found = await page.evaluate((rules) => globalThis.axe.run(document, { runOnly: rules }), RULES);
  const wrong = found.violations.map((one) => `${name}: ${one.id}: ${one.nodes.slice(0, 3).map((node) => node.target).join(", ")}`);
  const sideways = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  if (sideways > 0) wrong.push(`${name} scrolls sideways by ${sideways} px`);
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: `${folder}/${name}.png`, fullPage: true });
  return wrong;
}
