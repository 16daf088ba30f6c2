// Descriptors on the driver threads: what is opened without waiting, though somebody must be waited for, and what nobody closes.
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { type File, openPool, type Pool } from '@ringpool/pool';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { runFixture, temporaryFolder } from '../support.ts';
import { EACH_DRIVER } from './each-driver.ts';

const { O_RDWR } = fs.constants;

/** Has a lease on a file, as file servers do, and gives it back some time after somebody else wants the file. */
const LEASE = `
import fcntl, os, signal, sys, time
file = os.open(sys.argv[1], os.O_RDWR)
def give_back(signal, frame):
    time.sleep(0.1)
    fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    sys.exit()
signal.signal(signal.SIGIO, give_back)
fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_WRLCK)
print('leased', flush=True)
time.sleep(20)
`;

function hasPython(): boolean {
  try {
    execFileSync('python3', ['-c', 'import fcntl; fcntl.F_SETLEASE'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const reason = hasPython() ? '' : ' (needs python3, for leases)';

describe.each(EACH_DRIVER)('on %s', (driver) => {
  let pool: Pool;
  beforeAll(async () => {
    pool = await openPool({ driver, workers: 1 });
  });
  afterAll(() => pool.close());

  async function opened(name: string): Promise<File> {
    const file = await pool.open(name, O_RDWR);
    onTestFinished(() => file.close());
    return file;
  }

  test.skipIf(reason !== '')(`an open waits for a lease of another process${reason}`, async () => {
    const name = path.join(temporaryFolder(), 'leased');
    fs.writeFileSync(name, 'bytes');
    const holder = spawn('python3', ['-c', LEASE, name], { stdio: ['ignore', 'pipe', 'inherit'] });
    onTestFinished(() => void holder.kill());
    await new Promise((resolve) => holder.stdout.once('data', resolve));
    const file = await opened(name);
    const bytes = Buffer.alloc(5);
    expect(await file.read(bytes, { position: 0 })).toBe(5);
    expect(bytes.toString()).toBe('bytes');
  });

  test('a file that no worker can close is closed with its pool', async () => {
    const name = path.join(temporaryFolder(), 'open');
    fs.writeFileSync(name, 'bytes');
    const ended = await runFixture('close-without-workers.mjs', driver, name);
    expect(ended).toMatchObject({ code: 0, signal: null, stderr: '' });
    const closed = driver === 'uring' ? 'closed' : 'ERR_RINGPOOL_WORKER_DIED';
    expect(JSON.parse(ended.stdout)).toEqual({ closed, end: 'closed', open: false });
  });
});
