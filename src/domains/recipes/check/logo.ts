/** Whether a logo is a small drawing and nothing else, since browsers run what stands in an SVG that is opened by itself. */
import type { Report } from './texts.ts';

export const logoFile = 'logo.svg';

const bytesMax = 8192;
const elements = ['svg', 'title', 'g', 'path', 'circle', 'ellipse', 'rect', 'line', 'polyline', 'polygon'];
const attributes = `viewBox d x y x1 y1 x2 y2 cx cy r rx ry width height points transform opacity fill fill-rule fill-opacity clip-rule
stroke stroke-width stroke-linecap stroke-linejoin stroke-opacity`.split(/\s+/);
const root = /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" viewBox="0 0 \d+ \d+">/;

export function checkLogo(text: string, report: Report): void {
  if (Buffer.byteLength(text) > bytesMax) return report([], `has more than ${bytesMax} bytes; a logo is a simple drawing`);
  if (!root.test(text) || !/<\/svg>\n?$/.test(text))
    return report([], 'must begin with <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"> and end with </svg>');
  const inside = text.replace(root, '');
  for (const [tag, , name = '', rest = ''] of inside.matchAll(/<(\/?)([^\s/>]*)([^>]*)>?/g)) {
    if (!tag.endsWith('>') || !elements.includes(name))
      return report([], `holds ${quote(tag)}; of elements it may have ${elements.join(', ')}`);
    const strange = rest.replaceAll(/\s+([a-z0-9-]+)="([^"<>&:;]*)"/gi, (whole, attribute: string, value: string) =>
      attributes.includes(attribute) && !/url/i.test(value) ? '' : whole,
    );
    if (!/^\s*\/?$/.test(strange))
      return report([], `holds ${quote(strange.trim())}; attributes of shapes and colours are all it may have`);
  }
}

function quote(text: string): string {
  return JSON.stringify(text.slice(0, 60));
}
