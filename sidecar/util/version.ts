// The product's version, as package.json has it.
import packageJson from '../../package.json';

export const version: string = packageJson.version;
