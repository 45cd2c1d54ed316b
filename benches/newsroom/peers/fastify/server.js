// Fastify and pg, with @fastify/etag (SHA-1 of the body, 304) and json-api-serializer: two processes, sixteen connections
// together. It doesn't look at If-Match. DB is the URL of the database, PORT the port.
'use strict';
const cluster = require('node:cluster');

const WORKERS = 2;
const CONNECTIONS = 16;
const MEDIA_TYPE = 'application/vnd.api+json';

if (cluster.isPrimary) {
  let stopping = false;
  for (let i = 0; i < WORKERS; i++) cluster.fork();
  process.on('SIGTERM', () => {
    stopping = true;
    for (const worker of Object.values(cluster.workers)) worker.process.kill('SIGTERM');
    setTimeout(() => process.exit(0), 300);
  });
  cluster.on('exit', () => { if (!stopping) process.exit(1); });
} else {
  serve();
}

function serve() {
  const { Pool, types } = require('pg');
  const Serializer = require('json-api-serializer');
  types.setTypeParser(types.builtins.INT8, Number);
  types.setTypeParser(types.builtins.TIMESTAMPTZ, (text) => new Date(text).toISOString().replace('.000Z', 'Z'));
  const pool = new Pool({ connectionString: process.env.DB, max: CONNECTIONS / WORKERS });

  const columns = 'id, title, body, view_count AS "viewCount", published, created_at AS "createdAt", author_id';
  const page = 'FROM articles ORDER BY id LIMIT $1 OFFSET $2';
  const statements = {
    one: `SELECT ${columns} FROM articles WHERE id = $1`,
    count: 'SELECT count(*) FROM articles',
    page: `SELECT ${columns} ${page}`,
    comments: `SELECT id, text, article_id, author_id FROM comments WHERE article_id = ANY($1) ORDER BY article_id, id`,
    authors: `SELECT id, name, email FROM people WHERE id = ANY($1) ORDER BY id`,
    change: `UPDATE articles SET title = coalesce($2, title), body = coalesce($3, body) WHERE id = $1 RETURNING ${columns}`,
    add: 'INSERT INTO comments (text, article_id, author_id) VALUES ($1, $2, $3) RETURNING id',
  };
  // A named statement is prepared once a connection.
  const query = async (name, values) => (await pool.query({ name, text: statements[name], values })).rows;

  const serializer = new Serializer({ jsonapiObject: true });
  const relationship = (owner, name, type) => ({
    type,
    links: (row) => ({ self: `/${owner}/${row.id}/relationships/${name}`, related: `/${owner}/${row.id}/${name}` }),
  });
  const document = { topLevelLinks: (extra) => extra.links, topLevelMeta: (extra) => extra.meta };
  serializer.register('people', {
    id: 'id',
    whitelist: ['name', 'email'],
    links: (row) => ({ self: `/people/${row.id}` }),
    relationships: { articles: relationship('people', 'articles', 'articles'), comments: relationship('people', 'comments', 'comments') },
  });
  serializer.register('comments', {
    ...document,
    id: 'id',
    whitelist: ['text'],
    links: (row) => ({ self: `/comments/${row.id}` }),
    relationships: { article: relationship('comments', 'article', 'articles'), author: relationship('comments', 'author', 'people') },
  });
  serializer.register('articles', {
    ...document,
    id: 'id',
    whitelist: ['title', 'body', 'viewCount', 'published', 'createdAt'],
    links: (row) => ({ self: `/articles/${row.id}` }),
    relationships: { author: relationship('articles', 'author', 'people'), comments: relationship('articles', 'comments', 'comments') },
  });
  const article = ({ author_id: author, ...row }) => ({ ...row, author: author === null ? null : String(author) });
  const comment = (row) => ({ id: row.id, text: row.text, article: String(row.article_id), author: String(row.author_id) });
  const one = (row) => serializer.serialize('articles', article(row), { links: { self: `/articles/${row.id}` } });

  const app = require('fastify')({ logger: false, keepAliveTimeout: 60000 });
  app.addContentTypeParser(MEDIA_TYPE, { parseAs: 'string' }, app.getDefaultJsonParser('error', 'ignore'));
  const answer = (reply, body) => reply.header('vary', 'accept').type(MEDIA_TYPE).send(JSON.stringify(body));
  const refuse = (reply, status) => reply.code(status).type(MEDIA_TYPE).send(JSON.stringify({ errors: [{ status: String(status) }] }));

  app.register(require('@fastify/etag'), { algorithm: 'sha1' });
  app.register(async (routes) => {
    routes.get('/b0', async (request, reply) => answer(reply, { data: null }));
    routes.get('/articles/:id', async (request, reply) => {
      const [row] = await query('one', [request.params.id]);
      return row ? answer(reply, one(row)) : refuse(reply, 404);
    });
    routes.get('/articles', async (request, reply) => {
      const size = Math.min(100, +(request.query['page[size]'] || 20));
      const number = Math.max(1, +(request.query['page[number]'] || 1));
      const include = Boolean(request.query.include);
      const asked = [size, (number - 1) * size];
      const [[{ count }], rows] = await Promise.all([query('count', []), query('page', asked)]);
      const articles = rows.map(article);
      if (include) {
        const [comments, authors] = await Promise.all([
          query('comments', [rows.map((row) => row.id)]), query('authors', [rows.map((row) => row.author_id)]),
        ]);
        const people = new Map(authors.map((row) => [String(row.id), row]));
        const linkage = new Map(rows.map((row) => [row.id, []]));
        for (const row of comments) linkage.get(row.article_id).push(comment(row));
        for (const row of articles) {
          row.author = people.get(row.author);
          row.comments = linkage.get(row.id);
        }
      }
      const last = Math.ceil(count / size);
      const link = (number) => `/articles?${include ? 'include=author,comments&' : ''}page%5Bsize%5D=${size}&page%5Bnumber%5D=${number}`;
      const links = { self: link(number), first: link(1), last: link(last) };
      if (number > 1) links.prev = link(number - 1);
      if (number < last) links.next = link(number + 1);
      return answer(reply, serializer.serialize('articles', articles, { links, meta: { count } }));
    });
    routes.patch('/articles/:id', async (request, reply) => {
      const data = request.body && request.body.data;
      if (!data || data.type !== 'articles' || data.id !== request.params.id) return refuse(reply, 409);
      const [row] = await query('change', [data.id, data.attributes.title ?? null, data.attributes.body ?? null]);
      return row ? answer(reply, one(row)) : refuse(reply, 404);
    });
    routes.post('/comments', async (request, reply) => {
      const data = request.body && request.body.data;
      if (!data || data.type !== 'comments') return refuse(reply, 409);
      const row = { text: data.attributes.text, article_id: data.relationships.article.data.id, author_id: data.relationships.author.data.id };
      try {
        [{ id: row.id }] = await query('add', [row.text, row.article_id, row.author_id]);
      } catch (error) {
        // Foreign keys look that the article and the author are there.
        if (error.code === '23503') return refuse(reply, 404);
        throw error;
      }
      reply.code(201).header('location', `/comments/${row.id}`);
      return answer(reply, serializer.serialize('comments', comment(row), { links: { self: `/comments/${row.id}` } }));
    });
  });
  app.listen({ port: +process.env.PORT, host: '127.0.0.1' }).catch((error) => { console.error(error); process.exit(1); });
}
