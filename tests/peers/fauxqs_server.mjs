// fauxqs on loopback only: its own command binds every interface. It is an ES module, found by its path.
import { pathToFileURL } from 'node:url'

const { buildApp } = await import(pathToFileURL(`${process.env.NODE_PATH}/fauxqs/dist/app.js`).href)
await buildApp({ logger: false }).listen({ port: Number(process.argv[2]), host: '127.0.0.1' })
