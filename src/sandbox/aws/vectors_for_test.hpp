#pragma once

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <fstream>
#include <iterator>
#include <string>

namespace sluice::sandbox {

/// A file of the folder of published test vectors, which is beside the checkout and not part of it. Empty when absent.
inline std::string read_vector_file(const std::string& name) {
    std::ifstream file(std::string(SLUICE_SOURCE_DIR) + "/../shared/vectors/" + name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace sluice::sandbox

/// Declares `variable` with the parsed file, or skips the test visibly.
#define SANDBOX_LOAD_VECTORS(variable, name)                                              \
    auto variable##_text = ::sluice::sandbox::read_vector_file(name);                     \
    if (variable##_text.empty()) GTEST_SKIP() << "no vectors: shared/vectors/" << (name); \
    auto variable = ::boost::json::parse(variable##_text)
