// Instructions that a core does not have, by what the compiler says it used.
import type { Core } from '../parts/parts.js';
import type { BuildAttributes } from './arm-attributes.js';
import type { Finding } from './finding.js';

/** Tag_CPU_arch of the architectures of Cortex-M, and which cores run their code */
const ARCHITECTURES: Readonly<
  Record<number, { readonly name: string; readonly cores: readonly Core[] }>
> = {
  10: { name: 'ARMv7-M (Cortex-M3)', cores: ['cortex-m3', 'cortex-m4'] },
  11: { name: 'ARMv6-M (Cortex-M0)', cores: ['cortex-m0', 'cortex-m3', 'cortex-m4'] },
  12: { name: 'ARMv6S-M (Cortex-M0)', cores: ['cortex-m0', 'cortex-m3', 'cortex-m4'] },
  13: { name: 'ARMv7E-M (Cortex-M4)', cores: ['cortex-m4'] },
  16: { name: 'ARMv8-M.baseline (Cortex-M23)', cores: [] },
  17: { name: 'ARMv8-M.mainline (Cortex-M33)', cores: [] },
};
const NAMES: Readonly<Record<Core, string>> = {
  'cortex-m0': 'Cortex-M0',
  'cortex-m3': 'Cortex-M3',
  'cortex-m4': 'Cortex-M4',
};

/** What a file was compiled for, in words */
export function builtFor({ architecture, profile, floatingPoint }: BuildAttributes): string {
  // One number stands for three profiles here.
  const other = architecture === 10 && profile !== 'M' && profile !== '';
  const known = other ? undefined : ARCHITECTURES[architecture];
  const name = known?.name ?? `architecture ${architecture}${profile && `, profile ${profile}`}`;
  return floatingPoint ? `${name} with floating-point unit` : name;
}

export function coreFinding(built: BuildAttributes, core: Core): Finding | undefined {
  const { architecture, profile, floatingPoint } = built;
  const profileFits = profile === 'M' || profile === '';
  const runs = profileFits && (ARCHITECTURES[architecture]?.cores.includes(core) ?? false);
  if (runs && (!floatingPoint || core === 'cortex-m4')) return undefined;
  const name = NAMES[core];
  const unit = core === 'cortex-m4' ? '' : ' -mfloat-abi=soft, without -mfpu';
  return {
    id: 'wrong-core',
    severity: 'error',
    code: 'IMAGE_FORMAT',
    message: `the image is compiled for ${builtFor(built)}; this part has a ${name}, which does not have all its instructions`,
    found: `compiled for ${builtFor(built)}`,
    expected: `compiled for ${name}`,
    hint: `build it for ${name}, libraries too; an instruction that is missing is a HardFault`,
    fixes: {
      gcc: `compile and link with -mcpu=${core} -mthumb${unit}`,
      keil: `Options for Target, Device: the part; Target: Floating Point Hardware ${core === 'cortex-m4' ? 'as the part has it' : 'Not Used'}`,
      iar: `General Options, Target: Device, the part${core === 'cortex-m4' ? '' : '; FPU: None'}`,
    },
    details: { architecture, floatingPoint, core },
  };
}
