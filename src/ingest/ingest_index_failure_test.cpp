#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include "base/fake_clock.hpp"
#include "ingest/ingest_fixture_for_test.hpp"
#include "ingest/scripted_index_for_test.hpp"

namespace sluice {
namespace {

class IngestWithoutIndex : public ::testing::Test {
  protected:
    void SetUp() override {
        index_.fail(true);
        ingest_.start();
    }
    void TearDown() override {
        log_.close();
        ingest_.stop();
        reads_.stop();
    }
    IngestResult<Written> create() { return run_for_test(io_, ingest_.create(create_request(R"({"hello":"world"})"))); }

    FakeClock clock_;
    FakeEventLog log_{clock_};
    ScriptedIndex index_;
    BlockingPool reads_{"reads", 1};
    boost::asio::io_context io_;
    Ingest ingest_{log_, index_, reads_, reads_, clock_, {}};
};

TEST_F(IngestWithoutIndex, AnswersAsDoneWhatIsStoredAndRefusesWhatComesAfter) {
    auto written = create();
    ASSERT_TRUE(written) << written.error().message;
    EXPECT_EQ(written->first.sequence, 1u);

    auto refused = create();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, "index_unavailable");
    EXPECT_EQ(log_.stats().head, 1u) << "what is refused is not stored";
}

TEST_F(IngestWithoutIndex, RefusesAnIdempotencyKeyThatItCouldNotRecognise) {
    ASSERT_TRUE(create());
    EnvelopesRequest request;
    request.org = "com.acme";
    request.body =
        R"({"event_type":"create","id":"one","obj":{},"obj_type":"objs","recType":"io.acme","source":"test"})";
    auto once = request;
    EXPECT_TRUE(run_for_test(io_, ingest_.append_envelopes(std::move(once))));

    request.idempotency_key = "again";
    auto refused = run_for_test(io_, ingest_.append_envelopes(std::move(request)));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, "index_unavailable");
    EXPECT_EQ(log_.stats().head, 2u);
}

}  // namespace
}  // namespace sluice
