#include "destinations/sqs/queue_url.hpp"

#include <gtest/gtest.h>

namespace sluice::sqs {
namespace {

TEST(QueueUrl, TellsRegionAccountNameAndKind) {
    auto url = parse_queue_url("https://sqs.eu-west-1.amazonaws.com/123456789012/building-events").value();
    EXPECT_EQ(url.text, "https://sqs.eu-west-1.amazonaws.com/123456789012/building-events");
    EXPECT_EQ(url.endpoint, (Endpoint{true, "sqs.eu-west-1.amazonaws.com", 443}));
    EXPECT_EQ(url.region, "eu-west-1");
    EXPECT_EQ(url.account, "123456789012");
    EXPECT_EQ(url.name, "building-events");
    EXPECT_FALSE(url.fifo);
    EXPECT_TRUE(parse_queue_url("https://sqs.eu-west-1.amazonaws.com/123456789012/events.fifo").value().fifo);
}

TEST(QueueUrl, ForgivesWhatComesAlongWhenPasting) {
    for (auto pasted : {"  https://sqs.eu-west-1.amazonaws.com/123456789012/q\r\n",
                        "\"https://sqs.eu-west-1.amazonaws.com/123456789012/q\"",
                        "\xEF\xBB\xBFhttps://sqs.eu-west-1.amazonaws.com/123456789012/q/"}) {
        auto url = parse_queue_url(pasted);
        ASSERT_TRUE(url) << pasted;
        EXPECT_EQ(url->text, "https://sqs.eu-west-1.amazonaws.com/123456789012/q");
    }
}

TEST(QueueUrl, FindsTheRegionInEveryFormOfHost) {
    struct Case {
        std::string_view url, region;
        bool legacy = false;
    };
    for (auto [url, region, legacy] :
         {Case{"https://sqs.cn-north-1.amazonaws.com.cn/123456789012/q", "cn-north-1"},
          Case{"https://sqs-fips.us-gov-west-1.amazonaws.com/123456789012/q", "us-gov-west-1"},
          Case{"https://sqs.eu-west-1.api.aws/123456789012/q", "eu-west-1"},
          Case{"https://sqs.eusc-de-east-1.amazonaws.eu/123456789012/q", "eusc-de-east-1"},
          Case{"https://vpce-0a1b.sqs.us-east-2.vpce.amazonaws.com/123456789012/q", "us-east-2"},
          Case{"https://eu-central-1.queue.amazonaws.com/123456789012/q", "eu-central-1", true},
          Case{"https://queue.amazonaws.com/123456789012/q", "us-east-1", true},
          Case{"http://sqs.us-east-1.localhost.localstack.cloud:4566/000000000000/q", "us-east-1"},
          Case{"http://localhost:9324/000000000000/q", ""}, Case{"http://127.0.0.1:4100/queue/q", ""},
          Case{"http://127.0.0.1:4100/q", ""}}) {
        auto parsed = parse_queue_url(url);
        ASSERT_TRUE(parsed) << url << ": " << parsed.error().message;
        EXPECT_EQ(parsed->region, region) << url;
        EXPECT_EQ(parsed->legacy_host, legacy) << url;
        EXPECT_EQ(parsed->name, "q") << url;
    }
}

TEST(QueueUrl, RefusesWhatIsSomethingElseByItsName) {
    struct Case {
        std::string_view text, message, hint;
    };
    for (auto [text, message, hint] :
         {Case{"", "is empty", "https://sqs."}, Case{"\"\"", "is empty", ""},
          Case{"arn:aws:sqs:eu-west-1:123456789012:events", "is the queue's ARN, not its URL",
               "https://sqs.eu-west-1.amazonaws.com/123456789012/events"},
          Case{"arn:aws-cn:sqs:cn-north-1:123456789012:events", "is the queue's ARN, not its URL",
               "https://sqs.cn-north-1.amazonaws.com.cn/123456789012/events"},
          Case{"arn:aws:sns:eu-west-1:123456789012:topic", "is not a URL", ""},
          Case{"building-events", "is a queue's name, not its URL", ""},
          Case{"https://eu-west-1.console.aws.amazon.com/sqs/v3/home?region=eu-west-1#/queues", "is not a queue's URL",
               "the queue's details"},
          Case{"https://eu-west-1.console.aws.amazon.com/sqs/v3/home", "is the console's address",
               "the queue's details"},
          Case{"https://sqs.eu-west-1.amazonaws.com", "names no queue", ""},
          Case{"https://sqs.eu-west-1.amazonaws.com/q", "has no account", ""},
          Case{"https://sqs.eu-west-1.amazonaws.com/1234/q", "has no account", ""},
          Case{"https://sqs.eu-west-1.amazonaws.com/123456789012/a b", "does not end in a queue's name", ""},
          Case{"https://sqs.eu-west-1.amazonaws.com/123456789012/.fifo", "does not end in a queue's name", ""},
          Case{"https://user@sqs.eu-west-1.amazonaws.com/123456789012/q", "is not a URL", ""}}) {
        auto parsed = parse_queue_url(text);
        ASSERT_FALSE(parsed) << text;
        EXPECT_NE(parsed.error().message.find(message), std::string::npos) << text << ": " << parsed.error().message;
        EXPECT_NE(parsed.error().hint.find(hint), std::string::npos) << text << ": " << parsed.error().hint;
    }
}

TEST(QueueUrl, NamesHaveAtMostEightyCharacters) {
    std::string base = "https://sqs.eu-west-1.amazonaws.com/123456789012/";
    EXPECT_TRUE(parse_queue_url(base + std::string(80, 'q')));
    EXPECT_FALSE(parse_queue_url(base + std::string(81, 'q')));
}

}  // namespace
}  // namespace sluice::sqs
