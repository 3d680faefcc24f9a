/** Descriptions out of the code of clients, which is parsed and never run. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type CodeForm, readCode } from '../../scripts/recipes/sources/read-code.ts';
import { listDrafts } from '../../src/domains/recipes/import/draft-endpoint.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'skillett-code-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Writes files, and reads the code at `place`. Any of it that ran would throw. */
async function read(form: CodeForm, place: string, files: Record<string, string>) {
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(folder, form, name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, text);
  }
  return readCode(form, path.join(folder, form, place));
}

const letters = {
  'apis/LettersApi.js': `throw new Error('it ran');
class LettersApiRequestFactory extends base.BaseAPIRequestFactory {
  list(shelf, tags, limit, _options) {
    return __awaiter(this, void 0, void 0, function* () {
      if (shelf === null) throw new baseapi_1.RequiredError("LettersApi", "list", "shelf");
      if (limit === null) throw new baseapi_1.RequiredError("LettersApi", "list", "limit");
      const localVarPath = '/shelves/{shelf}/letters'
        .replace('{' + 'shelf' + '}', encodeURIComponent(String(shelf)));
      const requestContext = _config.baseServer.makeRequestContext(localVarPath, http_1.HttpMethod.GET);
      if (limit !== undefined) requestContext.setQueryParam("limit", S.ObjectSerializer.serialize(limit, "number", "int32"));
      if (tags !== undefined) {
        const serializedParams = S.ObjectSerializer.serialize(tags, "Array<string>", "");
        for (const serializedParam of serializedParams) requestContext.appendQueryParam("tags", serializedParam);
      }
    });
  }
  create(letter, _options) {
    if (letter === null) throw new baseapi_1.RequiredError("LettersApi", "create", "letter");
    const localVarPath = '/letters';
    const requestContext = _config.baseServer.makeRequestContext(localVarPath, http_1.HttpMethod.POST);
    const body = S.ObjectSerializer.stringify(S.ObjectSerializer.serialize(letter, "Letter", ""), contentType);
  }
}
class LettersApiResponseProcessor {
  createWithHttpInfo(response) {
    if ((0, util_1.isCodeInRange)("201", response.httpStatusCode)) {
      const body = S.ObjectSerializer.deserialize(parse(response), "Letter", "");
    }
    if ((0, util_1.isCodeInRange)("0", response.httpStatusCode)) {
      const body = S.ObjectSerializer.deserialize(parse(response), "Error", "");
    }
  }
}`,
  'models/Letter.js': `Letter.attributeTypeMap = [
  { "name": "title", "baseName": "letter_title", "type": "string", "format": "" },
  { "name": "kind", "baseName": "kind", "type": "LetterKindEnum", "format": "" },
  { "name": "marks", "baseName": "marks", "type": "{ [key: string]: string; }", "format": "" },
  { "name": "sent", "baseName": "sent", "type": "Date", "format": "date-time" }
];`,
  'models/Letter.d.ts': `export declare class Letter { 'title': string; 'kind'?: LetterKindEnum; 'marks'?: { [key: string]: string; }; 'sent'?: Date; }
export declare enum LetterKindEnum { Plain = "PLAIN", Signed = "SIGNED" }`,
};

it('of a client of OpenAPI Generator, paths, places, types and what is required', async () => {
  const openApi = await read('openapi-generator', '', letters);
  const drafts = new Map(listDrafts(openApi).map(({ place, draft }) => [place, draft.endpoint.parameters]));
  expect([...drafts.keys()]).toEqual(['GET /shelves/{shelf}/letters', 'POST /letters']);
  expect(drafts.get('GET /shelves/{shelf}/letters')).toMatchObject({
    shelf: { in: 'path', required: true },
    limit: { in: 'query', type: 'integer', required: true },
    tags: { in: 'query', type: 'array', items: { type: 'string' }, array_style: 'repeat' },
  });
  expect(drafts.get('POST /letters')).toMatchObject({
    letter_title: { in: 'body', type: 'string', required: true },
    kind: { type: 'string', enum: ['PLAIN', 'SIGNED'] },
    marks: { type: 'object' },
    sent: { type: 'string', format: 'date-time' },
  });
  expect(drafts.get('POST /letters')?.kind?.required).toBeUndefined();
  expect(Object.keys(openApi.paths['/letters']?.post?.responses ?? {})).toEqual(['201']);
});

const resources = {
  'letters.mjs': `throw new Error('it ran');
export class Letters extends APIResource {
  create(params, options) {
    const { shelf_id, ...body } = params;
    const timeout = this._client._options.timeout ?? this._client.guess(body);
    return this._client.post('/v1/letters', { body, ...options, headers: buildHeaders([{ ...(shelf_id != null ? { 'x-shelf': shelf_id } : undefined) }]) });
  }
  list(shelfID, params = {}, options) {
    return this._client.getAPIList(path \`/v1/shelves/\${shelfID}/letters\`, (Page), { query, ...options });
  }
  upload(params, options) {
    return this._client.post('/v1/files', multipartFormRequestOptions({ body, ...options }));
  }
}`,
  'letters.d.ts': `import { PageParams } from './pages.js';
export declare class Letters extends APIResource {
  create(params: LetterCreateParams, options?: RequestOptions): APIPromise<Letter>;
  list(shelfID: string, params?: LetterListParams | null | undefined, options?: RequestOptions): PagePromise<LettersPage, Letter>;
  upload(params: LetterUploadParams, options?: RequestOptions): APIPromise<Letter>;
}
export interface Letter { id: string; kind: 'plain' | 'signed'; size?: number | null }
export type Shelf = 'first' | 'second' | (string & {});
export interface LetterCreateParams { title: string; parts: string | Array<Part>; on?: Shelf; shelf_id?: string }
export type Part = { type: 'text'; text: string } | { type: 'image'; data: string };
export interface LetterListParams extends PageParams { kind?: Letter['kind'] }
export interface LetterUploadParams { file: Uploadable }`,
  'pages.d.ts': 'export interface PageParams { limit?: number; after_id?: string }',
};

it('of a client of Stainless, paths from its methods and types from the declarations beside them', async () => {
  const openApi = await read('stainless', 'letters.mjs', resources);
  const drafts = new Map(listDrafts(openApi).map(({ place, draft }) => [place, draft.endpoint]));
  expect([...drafts.keys()]).toEqual(['POST /v1/letters', 'GET /v1/shelves/{shelf_id}/letters', 'POST /v1/files']);
  expect(drafts.get('POST /v1/letters')?.parameters).toMatchObject({
    x_shelf: { in: 'header', as: 'x-shelf' },
    title: { in: 'body', type: 'string', required: true },
    parts: { type: ['string', 'array'], required: true },
    on: { type: 'string' },
  });
  expect(drafts.get('POST /v1/letters')?.parameters.on?.enum).toBeUndefined();
  expect(drafts.get('GET /v1/shelves/{shelf_id}/letters')?.parameters).toMatchObject({
    shelf_id: { in: 'path', required: true },
    limit: { in: 'query', type: 'number' },
    after_id: { in: 'query', type: 'string' },
  });
  expect(drafts.get('POST /v1/files')).toMatchObject({
    body: { encoding: 'multipart' },
    parameters: { file: { file: true, required: true } },
  });
});

const templates = {
  'index.mjs': `throw new Error('it ran');
var ResourceNotes = class extends BaseResource {
  constructor(resourceType, resource2Type, options) {
    super({ prefixUrl: resourceType, ...options });
    this.resource2Type = resource2Type;
  }
  create(resourceId, resource2Id, body, options) {
    return RequestHelper.post()(this, endpoint\`\${resourceId}/\${this.resource2Type}/\${resource2Id}/notes\`, { body, ...options });
  }
};
var LetterNotes = class extends ResourceNotes {
  constructor(options) { super("racks", "letters", options); }
};
var Letters = class extends BaseResource {
  all({ shelfId, ...options } = {}) {
    let prefix = "";
    if (shelfId) prefix = endpoint\`shelves/\${shelfId}/\`;
    return RequestHelper.get()(this, \`\${prefix}letters\`, options);
  }
  remove(letterIId) {
    return RequestHelper.del()(this, endpoint\`letters/\${letterIId}\`);
  }
};`,
  'index.d.ts': `type Page<P> = P extends 'keyset' ? { lastId?: string } : { page?: number };
declare class ResourceNotes { create(resourceId: string, resource2Id: number, body: string, options?: { createdAt?: string } & ShowExpanded): Promise<void>; }
declare class Letters { all(options?: { sentAfter?: string; showExpanded?: boolean } & Page<'offset'>): Promise<void>; remove(letterIId: number): Promise<void>; }`,
};

it('of a client with a template for each path, addresses of every branch and of what classes inherit, in snake case', async () => {
  const openApi = await read('path-templates', 'index.mjs', templates);
  const drafts = new Map(listDrafts(openApi).map(({ place, draft }) => [place, draft.endpoint.parameters]));
  expect([...drafts.keys()].sort()).toEqual([
    'DELETE /letters/{letter_iid}',
    'GET /letters',
    'GET /shelves/{shelf_id}/letters',
    'POST /racks/{rack_id}/letters/{letter_id}/notes',
  ]);
  expect(drafts.get('GET /letters')).toMatchObject({ sent_after: { in: 'query', type: 'string' }, page: { in: 'query', type: 'number' } });
  expect(Object.keys(drafts.get('GET /letters') ?? {}).sort()).toEqual(['last_id', 'page', 'sent_after']);
  expect(drafts.get('POST /racks/{rack_id}/letters/{letter_id}/notes')).toMatchObject({
    body: { in: 'body', type: 'string', required: true },
    created_at: { in: 'body', type: 'string' },
  });
});

it('code that cannot be parsed is refused with its file', async () => {
  await expect(read('stainless', 'broken.mjs', { 'broken.mjs': 'class {', 'broken.d.ts': '' })).rejects.toThrow(/broken\.mjs: /);
});

it('reads classes of resources: addresses, what goes into the query, and what is stored under the name of its class', async () => {
  const description = await read('resource-classes', 'cjs/rest', {
    'cjs/rest/letter_box.js': `throw new Error('it ran');
class LetterBox extends base.Base {
  static paths = [
    { "http_method": "get", "operation": "get", "ids": [], "path": "letter_boxes.json" },
    { "http_method": "get", "operation": "get", "ids": ["id"], "path": "letter_boxes/<id>.json" },
    { "http_method": "post", "operation": "close", "ids": ["id"], "path": "letter_boxes/<id>/close.json" },
    { "http_method": "put", "operation": "put", "ids": ["id"], "path": "letter_boxes/<id>.json" },
  ];
  static readOnlyAttributes = ["count"];
  static resourceNames = [{ "singular": "letter_box", "plural": "letter_boxes" }];
  static async find({ session, id, fields = null }) {
    return this.baseFind({ session, urlIds: { "id": id }, params: { "fields": fields } });
  }
  static async all({ session, limit = null, ...otherArgs }) {
    return this.baseFind({ session, urlIds: {}, params: { "limit": limit, ...otherArgs } });
  }
  async close({ reason = null, body = null, ...otherArgs }) {
    return this.request({ http_method: "post", operation: "close", urlIds: { "id": this.id }, params: { "reason": reason }, body: body });
  }
  name;
  count;
}`,
    'ts/rest/letter_box.d.ts': `export declare class LetterBox extends Base {
  static paths: string[];
  name: string | null;
  count: number | null;
  inner: LetterBox[] | null | { [key: string]: any };
}`,
  });
  const type = { $ref: '#/components/schemas/LetterBox' };
  const answers = (properties: object) => ({ 200: { content: { 'application/json': { schema: { type: 'object', properties } } } } });
  const id = { in: 'path', name: 'id', required: true, schema: { type: 'string' } };
  const box = { type: 'object', properties: { name: { type: 'string' }, inner: { type: 'array', items: type } } };
  expect(description.paths).toEqual({
    '/letter_boxes.json': {
      get: {
        operationId: 'LetterBox.get',
        parameters: [{ in: 'query', name: 'limit', schema: {} }],
        responses: answers({ letter_boxes: { type: 'array', items: type } }),
      },
    },
    '/letter_boxes/{id}.json': {
      get: {
        operationId: 'LetterBox.get',
        parameters: [id, { in: 'query', name: 'fields', schema: {} }],
        responses: answers({ letter_box: type }),
      },
      put: {
        operationId: 'LetterBox.put',
        parameters: [id],
        requestBody: {
          content: { 'application/json': { schema: { type: 'object', properties: { letter_box: box }, required: ['letter_box'] } } },
        },
        responses: answers({ letter_box: type }),
      },
    },
    '/letter_boxes/{id}/close.json': {
      post: {
        operationId: 'LetterBox.close',
        parameters: [id],
        requestBody: { content: { 'application/json': { schema: { type: 'object', properties: { reason: {} } } } } },
      },
    },
  });
});
