import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { onTestFinished } from 'vitest';
import { repositoryRoot } from '../support/repository-root.js';

/** Where the screenshots of a run of the tests are kept. */
const SCREENSHOTS = join(repositoryRoot, 'test-results', 'screenshots');

const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Debian's package. */
export function launchChromium(): Promise<Browser> {
  return chromium.launch({ executablePath: '/usr/bin/chromium', args: ARGS, headless: true });
}

export interface Look {
  readonly width?: number;
  readonly height?: number;
  readonly dark?: boolean;
  readonly script?: boolean;
  readonly password?: string;
}

/** A page of its own, and all that went wrong in it. */
export interface LookedAt {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Dialogs, errors of scripts, what the console complained of, broken rules of the page's policy, requests that left the server. */
  readonly problems: string[];
}

export async function openPage(browser: Browser, look: Look = {}): Promise<LookedAt> {
  const context = await browser.newContext({
    viewport: { width: look.width ?? 1280, height: look.height ?? 900 },
    colorScheme: look.dark === true ? 'dark' : 'light',
    javaScriptEnabled: look.script ?? true,
    hasTouch: (look.width ?? 1280) < 500,
    ...(look.password === undefined ? {} : { httpCredentials: { username: 'me', password: look.password } }),
  });
  onTestFinished(() => context.close());
  const page = await context.newPage();
  const problems: string[] = [];
  page.on('dialog', async (dialog) => {
    problems.push(`dialog: ${dialog.message()}`);
    await dialog.dismiss();
  });
  page.on('pageerror', (error) => problems.push(`error: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning')
      problems.push(`console: ${message.text()}`);
  });
  page.on('request', (request) => {
    if (new URL(request.url()).hostname !== '127.0.0.1') problems.push(`request: ${request.url()}`);
  });
  return { page, context, problems };
}

/** Kept for whoever wants to see how the pages look. */
export async function keepScreenshot(page: Page, name: string, fullPage: boolean): Promise<void> {
  await mkdir(SCREENSHOTS, { recursive: true });
  await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`), fullPage });
}
