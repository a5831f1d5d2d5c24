#include "destinations/pubsub/topic_name.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/pasted_text.hpp"

namespace sluice::pubsub {
namespace {

constexpr std::string_view kHowToFindIt =
    "Copy the topic's name from Pub/Sub, Topics in Google Cloud's console, or leave topic out to have one per recType.";

Error refuse(std::string message, std::string_view hint = {}) {
    return make_error(Errc::invalid_argument, std::move(message), std::string(hint));
}

bool is_letter(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}
bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

}  // namespace

Result<void> check_topic_id(std::string_view id) {
    constexpr std::string_view kOthers = "-_.~+%";
    if (id.size() < kLeastTopicCharacters || id.size() > kMostTopicCharacters) {
        return refuse(fmt::format("has {} characters, and a topic's id has {} to {}", id.size(), kLeastTopicCharacters,
                                  kMostTopicCharacters));
    }
    if (!is_letter(id.front())) return refuse("does not begin with a letter, as a topic's id must");
    if (id.starts_with("goog")) return refuse("begins with goog, which Google keeps for itself");
    bool carried = std::all_of(id.begin(), id.end(), [&](char c) {
        return is_letter(c) || is_digit(c) || kOthers.find(c) != std::string_view::npos;
    });
    if (!carried) return refuse("has characters other than letters, digits and - _ . ~ + %");
    return {};
}

Result<void> check_project(std::string_view project) {
    constexpr std::size_t kMostCharacters = 100;  // 30, and a domain before it in old ones
    bool carried = std::all_of(project.begin(), project.end(),
                               [](char c) { return is_letter(c) || is_digit(c) || c == '-' || c == '.' || c == ':'; });
    if (project.empty() || project.size() > kMostCharacters || !carried) {
        return refuse("is not a project's id",
                      "It is the ID, not the name, at the top of the console: my-project-123.");
    }
    return {};
}

Result<TopicSetting> parse_topic_setting(std::string_view text) {
    constexpr std::string_view kService = "//pubsub.googleapis.com/";
    text = clean_pasted(text);
    if (text.starts_with(kService)) text.remove_prefix(kService.size());
    if (text.empty()) return refuse("is empty", kHowToFindIt);
    TopicSetting setting;
    if (text.find('/') == std::string_view::npos) {
        setting.id = text;
        return setting;
    }
    std::array<std::string_view, 4> parts;
    std::size_t count = 0;
    for (std::string_view rest = text;; ++count) {
        auto slash = rest.find('/');
        if (count < parts.size()) parts[count] = rest.substr(0, slash);
        if (slash == std::string_view::npos) break;
        rest.remove_prefix(slash + 1);
    }
    if (count + 1 == parts.size() && parts[0] == "projects" && parts[2] == "subscriptions") {
        return refuse("is a subscription's name, not a topic's", kHowToFindIt);
    }
    if (count + 1 != parts.size() || parts[0] != "projects" || parts[2] != "topics" || parts[3].empty()) {
        return refuse("is neither a topic's id nor projects/PROJECT/topics/ID", kHowToFindIt);
    }
    if (auto good = check_project(parts[1]); !good) {
        return refuse("names a project that cannot be one", good.error().hint);
    }
    setting.project = parts[1];
    setting.id = parts[3];
    return setting;
}

std::string topic_path(std::string_view project, std::string_view id) {
    return fmt::format("projects/{}/topics/{}", project, id);
}

}  // namespace sluice::pubsub
