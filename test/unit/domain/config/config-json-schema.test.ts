import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { configJsonSchema } from '../../../../src/domain/config/config-json-schema.js';
import { smallestConfig } from '../../../support/smallest-config.js';

function problems(value: unknown) {
  // Strict about the schema itself; `uri` is an annotation to editors.
  const ajv = new Ajv2020({ allErrors: true, allowUnionTypes: true, formats: { uri: true } });
  ajv.validate(configJsonSchema(), value);
  return (ajv.errors ?? []).map(({ instancePath, keyword }) => `${instancePath} ${keyword}`);
}

describe('the published JSON Schema', () => {
  it('takes the smallest configuration, and one that has a host only', () => {
    expect(problems(smallestConfig())).toEqual([]);
    expect(problems({ $schema: './config.schema.json', host: 'local' })).toEqual([]);
  });

  it('does not take a misspelt key, wherever it stands', () => {
    const config = smallestConfig();
    expect(problems({ ...config, workdir: '/x' })).toEqual([' additionalProperties']);
    expect(problems({ ...config, incus: { ...config.incus, projects: 'x' } })).toEqual([
      '/incus additionalProperties',
    ]);
    const [job] = config.targets.t.jobs;
    expect(problems({ ...config, targets: { t: { jobs: [{ ...job, timeoutSec: 5 }] } } })).toEqual([
      '/targets/t/jobs/0 additionalProperties',
    ]);
  });

  it('does not take a configuration without a host, or a job without a command or steps, or with both', () => {
    expect(problems({})).toEqual([' required']);
    const ofJob = (job: object) =>
      problems({ host: 'local', targets: { t: { jobs: [{ id: 'j', ...job }] } } });
    const steps = [{ command: 'true' }];
    expect(ofJob({})).toEqual([
      '/targets/t/jobs/0 required',
      '/targets/t/jobs/0 required',
      '/targets/t/jobs/0 oneOf',
    ]);
    expect(ofJob({ command: 'true' })).toEqual([]);
    expect(ofJob({ steps })).toEqual([]);
    expect(ofJob({ command: 'true', steps })).toEqual(['/targets/t/jobs/0 oneOf']);
  });

  it('asks for nothing that has a default', () => {
    expect(configJsonSchema()['required']).toEqual(['host']);
  });
});
