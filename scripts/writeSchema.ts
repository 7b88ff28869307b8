// Writes media/rpg.schema.json from the field table: `node scripts/run.mjs scripts/writeSchema.ts`.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { runConfigSchema } from '../sidecar/config/jsonSchema';
import { presets } from '../sidecar/config/presets';
import { methods } from '../sidecar/methods/registry';

const file = path.join(process.env.RPG_ROOT ?? '.', 'media', 'rpg.schema.json');
writeFileSync(file, `${JSON.stringify(runConfigSchema(presets, methods), null, 2)}\n`);
console.log(`wrote ${file}`);
