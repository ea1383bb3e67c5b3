// The demonstration as a program on a port of its own, with the accounts that it prints.

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Starts the demonstration. `accounts` has the first account of each role: address and password. */
export async function demo(program) {
  const folder = mkdtempSync(join(tmpdir(), "eovr-web-"));
  const child = spawn(program, ["demo", "--dir", folder, "--listen", "127.0.0.1:0"], { stdio: ["ignore", "pipe", "pipe"] });
  let log = "";
  child.stderr.on("data", (bytes) => { log = (log + bytes).slice(-4000); });
  const accounts = {};
  let address;
  let text = "";
  await new Promise((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`the demonstration ended with ${code}:\n${text}\n${log}`)));
    child.stdout.on("data", (bytes) => {
      text += bytes;
      for (const [, role, email, password] of text.matchAll(/^(\w+)\s+(\S+@eovr\.test)\s+([\w-]{20,})/gm)) {
        accounts[role] ??= { email, password };
      }
      address = text.match(/listening on (http:\/\/[\d.:]+)/)?.[1];
      if (address) resolve();
    });
  });
  const stop = () => new Promise((resolve) => {
    child.removeAllListeners("exit");
    child.once("exit", () => { rmSync(folder, { recursive: true, force: true }); resolve(); });
    child.kill("SIGTERM");
  });
  return { address, accounts, stop };
}
