# The one table of modules: name, folder, what it may use (and what those use), libraries from outside.
# It links the targets and feeds cmake/check_dependencies.cmake, the test that holds every #include to it.
#
#   sluice_module(<name> USES <modules...> LIBRARIES <link libraries...>)
#
# A module's folder is src/<name>, with "." in a name standing for "/" (destinations.kinesis).
# Beside the code: *_test.cpp (one test binary a module), *_bench.cpp (one benchmark binary a module),
# *_fuzz.cpp (one fuzzer a file, in the fuzz preset).

sluice_protos(protos LIBRARIES protobuf::libprotobuf gRPC::grpc++)

sluice_module(base                  USES LIBRARIES Boost::headers fmt::fmt OpenSSL::Crypto)
sluice_module(json                  USES base LIBRARIES simdjson::simdjson)
sluice_module(net                   USES base LIBRARIES Boost::url OpenSSL::SSL Threads::Threads)
sluice_module(http                  USES net LIBRARIES ZLIB::ZLIB)
sluice_module(mqtt                  USES net LIBRARIES)
sluice_module(auth                  USES http json LIBRARIES Boost::json)
sluice_module(event                 USES json LIBRARIES)
sluice_module(log                   USES event net LIBRARIES)
sluice_module(store                 USES log LIBRARIES RocksDB::rocksdb)
sluice_module(destination           USES event http LIBRARIES Boost::json)
sluice_module(destinations.kinesis  USES destination http auth LIBRARIES Boost::json)
sluice_module(destinations.sqs      USES destination http auth LIBRARIES Boost::json)
sluice_module(destinations.webhook  USES destination http auth LIBRARIES Boost::json)
sluice_module(destinations.file     USES destination http auth LIBRARIES Boost::json)
sluice_module(destinations.event_hubs USES destination http auth LIBRARIES Boost::json RdKafka::rdkafka)
sluice_module(destinations.iot_hub  USES destination http auth mqtt LIBRARIES Boost::json)
sluice_module(destinations.pubsub   USES destination http auth LIBRARIES Boost::json sluice_protos)
sluice_module(delivery              USES log store destination LIBRARIES Boost::json)
sluice_module(ingest                USES log store LIBRARIES)
sluice_module(sources.share_api     USES ingest http LIBRARIES Boost::json)
sluice_module(control               USES delivery LIBRARIES Boost::json)
sluice_module(alerts                USES control http LIBRARIES Boost::json)
sluice_module(api                   USES control alerts http delivery LIBRARIES Boost::json)
sluice_embed(api openapi openapi_files)
sluice_module(sandbox.core          USES http json LIBRARIES Boost::json)
sluice_module(sandbox.aws           USES sandbox.core auth LIBRARIES Boost::json)
sluice_module(sandbox.event_hubs    USES sandbox.core auth LIBRARIES Boost::json)
sluice_module(sandbox.iot_hub       USES sandbox.core auth mqtt LIBRARIES Boost::json)
sluice_module(sandbox.pubsub        USES sandbox.core auth LIBRARIES Boost::json sluice_protos)
sluice_module(sandbox               USES sandbox.aws sandbox.event_hubs sandbox.iot_hub sandbox.pubsub LIBRARIES Boost::json)
sluice_module(app                   USES base json net http auth event log store destination
                                         destinations.kinesis destinations.sqs destinations.event_hubs
                                         destinations.iot_hub destinations.pubsub destinations.webhook destinations.file
                                         delivery ingest sources.share_api control alerts api sandbox
                                    LIBRARIES Boost::json yaml-cpp CLI11::CLI11 spdlog::spdlog)
