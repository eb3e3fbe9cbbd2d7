/**
 * The script for `ACTIONS_RUNNER_CONTAINER_HOOKS` (docs/github.md): `pikaci github hooks` with the configuration that `PIKACI_GITHUB_CONFIG`
 * names. The runner calls it in the checkout, with what the job has put in front of `PATH`: neither says here what runs on the host.
 */
const file = process.env['PIKACI_GITHUB_CONFIG'];
process.env['PATH'] = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
process.argv.splice(2, process.argv.length, 'github', 'hooks', ...(file ? ['--config', file] : []));
await import('./bin.js');

export {};
