#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace sluice::pubsub {

/// https://cloud.google.com/pubsub/docs/pubsub-basics#resource_names
constexpr std::size_t kLeastTopicCharacters = 3;
constexpr std::size_t kMostTopicCharacters = 255;

/// Whether a topic can have this id. The message follows the id: `has 2 characters, and a topic's id has 3 to 255`.
Result<void> check_topic_id(std::string_view id);
/// Whether a project can have this id (or number). The message follows a member's path.
Result<void> check_project(std::string_view project);

/// What `topic` in the settings says: an id or a template of one, and the project where a full name gives it.
struct TopicSetting {
    std::string project;  ///< empty: not told
    std::string id;       ///< may contain placeholders
};
/// Reads an id, or a full name as the console shows it (`projects/P/topics/T`). What names something else (a
/// subscription) is refused by its name; the message follows the member's path.
Result<TopicSetting> parse_topic_setting(std::string_view text);

/// `projects/P/topics/T`
std::string topic_path(std::string_view project, std::string_view id);

}  // namespace sluice::pubsub
