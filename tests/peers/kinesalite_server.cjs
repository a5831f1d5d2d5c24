// kinesalite on loopback only: its own command binds every interface.
require('kinesalite')({ createStreamMs: 50, deleteStreamMs: 50, ssl: process.argv[3] === 'tls' }).listen(
  Number(process.argv[2]),
  '127.0.0.1',
)
