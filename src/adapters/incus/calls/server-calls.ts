import { err, type Result } from 'neverthrow';
import { z } from 'zod';
import type { IncusResources, OfMember } from '../../../ports/incus-cluster-types.js';
import type { IncusFault } from '../../../ports/incus-fault.js';
import type {
  IncusImage,
  IncusProfile,
  IncusProject,
  IncusServer,
  IncusStoragePool,
  Tagged,
} from '../../../ports/incus-types.js';
import type { CallOptions } from '../../../ports/remote-shell.js';
import { parseValue } from '../answers/parse.js';
import {
  aliasSchema,
  imageSchema,
  profileSchema,
  projectSchema,
  resourcesSchema,
  storagePoolSchema,
} from '../answers/schemas.js';
import { serverSchema } from '../answers/server-schema.js';
import { apiPath } from '../wire/api-path.js';
import type { Wire, WireRequest } from '../wire/wire.js';

type Answer<T> = Promise<Result<T, IncusFault>>;

/** What a daemon offers: itself, its projects, profiles, pools and images. */
export class ServerCalls {
  constructor(private readonly wire: Wire) {}

  async server(options?: CallOptions): Answer<IncusServer> {
    const request: WireRequest = { ...options, method: 'GET', path: '/1.0' };
    const called = await this.wire.call(request);
    if (called.isErr()) return err(called.error);
    const { accepted, answer } = called.value;
    const date = Date.parse(answer.headers.date ?? '');
    return parseValue(this.wire.siteOf(request), serverSchema, accepted.metadata, 'metadata').map(
      (server) => ({
        ...server,
        hostTimeMs: Number.isNaN(date) ? null : date,
      }),
    );
  }

  project(name: string, options?: CallOptions): Answer<Tagged<IncusProject>> {
    return this.wire.getTagged(projectSchema, apiPath(['projects', name]), options);
  }

  profile(project: string, name: string, options?: CallOptions): Answer<Tagged<IncusProfile>> {
    return this.wire.getTagged(profileSchema, apiPath(['profiles', name], { project }), options);
  }

  storagePool(name: string, options?: CallOptions & OfMember): Answer<IncusStoragePool> {
    const path = apiPath(['storage-pools', name], { target: options?.target });
    return this.wire.get(storagePoolSchema, path, options);
  }

  resources(options?: CallOptions & OfMember): Answer<IncusResources> {
    return this.wire.get(resourcesSchema, apiPath(['resources'], { target: options?.target }), options);
  }

  async imageAlias(
    project: string,
    alias: string,
    options?: CallOptions,
  ): Answer<{ readonly fingerprint: string }> {
    const found = await this.wire.get(
      aliasSchema,
      apiPath(['images', 'aliases', alias], { project }),
      options,
    );
    return found.map(({ target }) => ({ fingerprint: target }));
  }

  image(project: string, fingerprint: string, options?: CallOptions): Answer<IncusImage> {
    return this.wire.get(imageSchema, apiPath(['images', fingerprint], { project }), options);
  }

  images(project: string, options?: CallOptions): Answer<readonly IncusImage[]> {
    return this.wire.get(z.array(imageSchema), apiPath(['images'], { project, recursion: '1' }), options);
  }
}
