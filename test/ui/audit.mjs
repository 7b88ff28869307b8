// What must hold for every webview: no violation of its content security policy, and no serious finding of axe-core.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Collects policy violations inside our own documents, in every page of a browser context and through reloads. */
export async function watchPolicy(context) {
  const violations = [];
  await context.exposeFunction('rpgPolicyViolation', text => violations.push(text));
  await context.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', event => {
      if (document.body?.dataset.place)
        window.rpgPolicyViolation?.(`${event.violatedDirective}: ${event.blockedURI} ${event.sourceFile ?? ''}`);
    });
  });
  return violations;
}

/** Findings of axe-core that are serious or critical, in words. */
export async function accessibilityFindings(frame) {
  await frame.evaluate(axe);
  // A webview is transparent over the editor, which axe cannot see: without this it judges contrast against white.
  await frame.evaluate(() => {
    const style = getComputedStyle(document.documentElement);
    const place =
      document.body.dataset.place === 'sideBar' ? '--vscode-sideBar-background' : '--vscode-editor-background';
    document.documentElement.style.backgroundColor = style.getPropertyValue(place);
  });
  const found = await frame.evaluate(async () => {
    const { violations } = await window.axe.run(document.body, { resultTypes: ['violations'] });
    return violations.map(({ id, impact, help, nodes }) => ({
      id,
      impact,
      help,
      nodes: nodes.slice(0, 3).map(node => node.html.slice(0, 160)),
    }));
  });
  await frame.evaluate(() => document.documentElement.style.removeProperty('background-color'));
  return found.filter(({ impact }) => impact === 'serious' || impact === 'critical');
}
