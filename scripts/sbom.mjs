/** The software bill of materials that ships with every package: CycloneDX 1.6 as JSON (https://cyclonedx.org/docs/1.6/json/). */

/**
 * The same packages give the same text: it has no time and no serial number, and nothing is asked of the network.
 * @param product `{ name, version, licence }` of the package that ships
 * @param packages what `bundledPackages` found in it
 * @param locked the `packages` of package-lock.json, for the hashes of the archives that npm installed
 */
export function sbomText(product, packages, locked) {
  const components = new Map();
  // A package may be in several folders in the same version.
  for (const each of packages) components.set(purlOf(each), libraryOf(each, locked[each.folder.replaceAll('\\', '/')]?.integrity));
  const bom = {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: { component: { type: 'application', ...identityOf(product) } },
    components: [...components].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, component]) => component),
  };
  return `${JSON.stringify(bom, null, 2)}\n`;
}

function libraryOf(each, integrity) {
  const hashes = hashesOf(integrity);
  return {
    type: 'library',
    ...identityOf(each),
    scope: 'required',
    ...(hashes.length === 0 ? {} : { hashes }),
    ...(/^https:/.test(each.source) ? { externalReferences: [{ type: 'vcs', url: each.source }] } : {}),
  };
}

function identityOf({ name, version, licence, ...rest }) {
  const purl = purlOf({ name, version, ...rest });
  const [group, plain] = name.startsWith('@') ? name.split('/') : [null, name];
  return {
    'bom-ref': purl,
    ...(group === null ? {} : { group }),
    name: plain,
    version,
    licenses: / (OR|AND|WITH) /.test(licence) ? [{ expression: licence }] : [{ license: { id: licence } }],
    purl,
  };
}

/** `@a/b` in version 1.0.0 -> `pkg:npm/%40a/b@1.0.0` (https://github.com/package-url/purl-spec) */
function purlOf({ name, version }) {
  return `pkg:npm/${name.replace(/^@/, '%40')}@${encodeURIComponent(version)}`;
}

/** `sha512-<base64>`, as package-lock.json has it. */
function hashesOf(integrity = '') {
  const [, base64] = /^sha512-([A-Za-z0-9+/=]+)$/.exec(integrity) ?? [];
  return base64 === undefined ? [] : [{ alg: 'SHA-512', content: Buffer.from(base64, 'base64').toString('hex') }];
}
