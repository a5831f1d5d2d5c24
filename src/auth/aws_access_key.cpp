#include "auth/aws_access_key.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <utility>
#include <vector>

#include "base/pasted_text.hpp"

namespace sluice::auth {
namespace {

constexpr std::string_view kHowToGetAnAccessKey =
    "In the AWS console: IAM, Users, the user, Security credentials, Create access key, Download .csv file; paste all "
    "of it.";

Error bad_access_key(std::string message, std::string_view hint = kHowToGetAnAccessKey) {
    return make_error(Errc::invalid_argument, std::move(message), std::string(hint));
}

/// Lower case, letters and digits only: `Access key ID` and `aws_access_key_id` become comparable.
std::string folded(std::string_view name) {
    std::string out;
    for (unsigned char c : name) {
        if (std::isalnum(c)) out += static_cast<char>(std::tolower(c));
    }
    return out;
}

enum class Column { key_id, secret, token, sign_in, unknown };

Column column_of(std::string_view name) {
    auto plain = folded(name);
    if (plain.starts_with("aws")) plain.erase(0, 3);
    if (plain == "accesskeyid") return Column::key_id;
    if (plain == "secretaccesskey" || plain == "secretkey") return Column::secret;
    if (plain == "sessiontoken" || plain == "securitytoken") return Column::token;
    if (plain == "password" || plain == "consoleloginlink" || plain == "consolesigninurl") return Column::sign_in;
    return Column::unknown;
}

void put(AwsAccessKey& key, Column column, std::string_view value) {
    auto clean = clean_pasted(value);
    if (column == Column::key_id) key.id = clean;
    if (column == Column::secret) key.secret = Secret(std::string(clean));
    if (column == Column::token) key.session_token = Secret(std::string(clean));
}

bool looks_like_key_id(std::string_view text) {
    if (text.size() < 16 || text.size() > 32) return false;
    if (!text.starts_with("AKIA") && !text.starts_with("ASIA")) return false;
    return std::all_of(text.begin(), text.end(),
                       [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); });
}

std::vector<std::string_view> lines_of(std::string_view text) {
    std::vector<std::string_view> lines;
    while (!text.empty()) {
        auto end = std::min(text.find_first_of("\r\n"), text.size());
        if (auto line = trimmed(text.substr(0, end)); !line.empty()) lines.push_back(line);
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return lines;
}

/// RFC 4180 fields of one line; no field of these files spans lines.
std::vector<std::string> fields_of(std::string_view line, char separator) {
    std::vector<std::string> fields(1);
    bool quoted = false;
    for (std::size_t i = 0; i < line.size(); ++i) {
        if (line[i] == '"') {
            bool doubled = quoted && i + 1 < line.size() && line[i + 1] == '"';
            if (doubled) fields.back() += line[i++];
            if (!doubled) quoted = !quoted;
        } else if (line[i] == separator && !quoted) {
            fields.emplace_back();
        } else {
            fields.back() += line[i];
        }
    }
    return fields;
}

char separator_of(std::string_view header) {
    for (char c : {',', ';', '\t'}) {
        if (header.find(c) != std::string_view::npos) return c;
    }
    return ',';
}

/// `AWSAccessKeyId=…`, `aws_access_key_id = …`, `export AWS_ACCESS_KEY_ID="…"`, `$Env:AWS_…="…"`, `SET AWS_…=…`.
std::optional<AwsAccessKey> from_assignments(const std::vector<std::string_view>& lines) {
    AwsAccessKey key;
    bool found = false;
    for (auto line : lines) {
        auto equals = line.find('=');
        if (equals == std::string_view::npos) continue;
        auto name = trimmed(line.substr(0, equals));
        if (auto last = name.find_last_of(" :"); last != std::string_view::npos) name.remove_prefix(last + 1);
        auto value = trimmed(line.substr(equals + 1));
        if (value.ends_with(';')) value.remove_suffix(1);
        auto column = column_of(name);
        found = found || column == Column::key_id || column == Column::secret;
        put(key, column, value);
    }
    return found ? std::optional(std::move(key)) : std::nullopt;
}

/// A row whose columns are known. What it lacks stays empty.
AwsAccessKey from_row(std::string_view row, char separator, const std::vector<Column>& columns) {
    AwsAccessKey key;
    auto fields = fields_of(row, separator);
    for (std::size_t i = 0; i < std::min(fields.size(), columns.size()); ++i) put(key, columns[i], fields[i]);
    for (auto& field : fields) Secret(std::move(field));
    return key;
}

/// Without a header the two can only be told apart by the look of an access key id.
std::optional<AwsAccessKey> from_bare_pair(std::string_view line) {
    auto fields = fields_of(line, separator_of(line));
    if (fields.size() != 2) return std::nullopt;
    std::size_t id = looks_like_key_id(clean_pasted(fields[0])) ? 0 : 1;
    if (!looks_like_key_id(clean_pasted(fields[id]))) return std::nullopt;
    AwsAccessKey key;
    put(key, Column::key_id, fields[id]);
    put(key, Column::secret, fields[1 - id]);
    return key;
}

/// An input of one line drops line breaks or writes them as `\n`; this puts the header's back.
std::string with_line_breaks(std::string_view text) {
    std::string out(text);
    if (text.find_first_of("\r\n") != std::string_view::npos) return out;
    for (auto at = out.find("\\n"); at != std::string::npos; at = out.find("\\n", at)) out.replace(at, 2, "\n");
    constexpr std::string_view kLastColumn = "secret access key";
    auto same = [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; };
    auto header_end = std::search(out.begin(), out.end(), kLastColumn.begin(), kLastColumn.end(), same);
    if (header_end == out.end()) return out;
    auto at = static_cast<std::size_t>(header_end - out.begin()) + kLastColumn.size();
    if (at < out.size() && (looks_like_key_id(std::string_view(out).substr(at, 20)) || out[at] == ' '))
        out.insert(at, "\n");
    return out;
}

std::optional<Error> another_kind(std::string_view text) {
    if (text.find("service_account") != std::string_view::npos && text.starts_with('{')) {
        return bad_access_key("is a Google service account's file, not an AWS access key");
    }
    if (text.starts_with("Endpoint=sb://") || text.starts_with("HostName=")) {
        return bad_access_key("is an Azure connection string, not an AWS access key");
    }
    if (text.starts_with("arn:")) {
        return bad_access_key("is the name of a resource (an ARN), not an access key",
                              "To use a role, give credentials: {role_arn: …}.");
    }
    if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF")) {
        return bad_access_key("is UTF-16 text", "Save the file as UTF-8, or paste its text.");
    }
    return std::nullopt;
}

Result<AwsAccessKey> checked(AwsAccessKey key) {
    if (auto good = check_access_key(key); !good) return good.error();
    return key;
}

}  // namespace

Result<void> check_access_key(const AwsAccessKey& key) {
    const auto& secret = key.secret.reveal();
    if (key.id.empty() && secret.empty()) return bad_access_key("has no access key in it");
    if (key.id.empty()) return bad_access_key("has no access key id");
    if (secret.empty()) return bad_access_key("has no secret access key");
    if (looks_like_key_id(secret) && !looks_like_key_id(key.id)) {
        return bad_access_key("has the access key id and the secret access key swapped", "Exchange the two.");
    }
    if (key.id.starts_with("AIDA") || key.id.starts_with("AROA")) {
        return bad_access_key("names a user or role id where the access key id belongs",
                              "An access key id begins with AKIA (or ASIA when it is temporary).");
    }
    if (key.id.starts_with("arn:")) return bad_access_key("has an ARN where the access key id belongs");
    bool id_is_plain = std::all_of(key.id.begin(), key.id.end(),
                                   [](unsigned char c) { return std::isalnum(c) || c == '_' || c == '-' || c == '.'; });
    if (!id_is_plain || key.id.size() > 128) {
        return bad_access_key("has an access key id with characters that no access key id has");
    }
    auto printable = [](unsigned char c) { return c > 0x20 && c < 0x7f; };
    if (!std::all_of(secret.begin(), secret.end(), printable)) {
        return bad_access_key("has a secret access key with white space or other characters in it that no secret has");
    }
    const auto& token = key.session_token.reveal();
    if (!std::all_of(token.begin(), token.end(), printable)) {
        return bad_access_key("has a session token with white space or other characters in it that no token has");
    }
    if (looks_like_key_id(key.id) && key.id.starts_with("ASIA") && token.empty()) {
        return bad_access_key("is a temporary access key (ASIA…) without its session token",
                              "Give session_token too, or use a long-lived access key (AKIA…) or a role.");
    }
    return {};
}

bool is_from_aws_iam(std::string_view text) {
    auto clean = clean_pasted(text);
    if (clean.empty() || another_kind(clean)) return false;
    Secret broken_up(with_line_breaks(clean));
    auto lines = lines_of(broken_up.reveal());
    if (lines.empty()) return false;
    for (const auto& name : fields_of(lines.front(), separator_of(lines.front())))
        if (column_of(clean_pasted(name)) != Column::unknown) return true;
    return from_assignments(lines) || from_bare_pair(lines.front());
}

Result<AwsAccessKey> parse_pasted_access_key(std::string_view text) {
    auto clean = clean_pasted(text);
    if (clean.empty()) return bad_access_key("is empty");
    if (auto other = another_kind(clean)) return *other;

    Secret broken_up(with_line_breaks(clean));
    auto lines = lines_of(broken_up.reveal());
    if (lines.empty()) return bad_access_key("is empty");
    auto separator = separator_of(lines.front());
    std::vector<Column> columns;
    for (const auto& name : fields_of(lines.front(), separator)) columns.push_back(column_of(clean_pasted(name)));
    auto has = [&columns](Column column) { return std::find(columns.begin(), columns.end(), column) != columns.end(); };

    if (has(Column::key_id) && has(Column::secret)) {
        if (lines.size() < 2) return bad_access_key("has a header but no line with the access key");
        return checked(from_row(lines[1], separator, columns));
    }
    if (has(Column::sign_in)) {
        return bad_access_key("is the CSV of a console sign-in (user name and password): it holds no access key");
    }
    if (has(Column::key_id)) {
        return bad_access_key("is a list of access key ids without their secrets");
    }
    if (auto key = from_assignments(lines)) return checked(std::move(*key));
    if (auto key = from_bare_pair(lines.front())) return checked(std::move(*key));
    return bad_access_key(
        "is not what the AWS console hands out for an access key: no column `Access key ID` was found");
}

}  // namespace sluice::auth
