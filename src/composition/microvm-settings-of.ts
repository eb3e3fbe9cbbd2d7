import type { MicrovmSettings } from '../application/settings/microvm-settings.js';
import type { PikaciConfig } from '../domain/config/config.js';
import { shippedText } from './shipped-text.js';

export function microvmSettings({ microvm }: PikaciConfig): MicrovmSettings {
  return {
    runner: microvm.runner ?? null,
    flake: microvm.flake ?? null,
    isolatedNetwork: microvm.isolatedNetwork,
    bootTimeoutSecs: microvm.bootTimeoutSecs,
    artifactsBytes: microvm.artifactsBytes,
    scripts: () => ({
      'pikaci-microvm-host': shippedText('microvm/pikaci-microvm-host'),
      'pikaci-microvm-guest': shippedText('microvm/pikaci-microvm-guest'),
      'pikaci-incus-run': shippedText('guest/pikaci-incus-run'),
    }),
  };
}
