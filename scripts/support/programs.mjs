// Programs of this machine: where they lie, and what they print.
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import path from 'node:path';

/** Where an ordinary user's PATH does not lead. */
const FOR_ADMINISTRATORS = ['/usr/sbin', '/sbin'];

/** The file of a program, or undefined. */
export function findProgram(name) {
  const folders = [...(process.env.PATH ?? '').split(path.delimiter), ...FOR_ADMINISTRATORS];
  return folders
    .map((folder) => path.join(folder, name))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

/** Runs a program to its end: what it prints, or an error that shows it. */
export function call(name, ...args) {
  const { status, stdout, stderr, error } = spawnSync(findProgram(name) ?? name, args, { encoding: 'utf8' });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${name} failed: ${stdout}${stderr}`);
  return stdout;
}
