#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "lab/exec/sha256.h"
#include "lab/record/host.h"
#include "lab/record/machine.h"
#include "lab/record/sample.h"

namespace mayfly::lab {
namespace {

Sample SomeSample() {
  Sample sample;
  sample.run = 7;
  sample.block = 1;
  sample.order = 2;
  sample.warm_up = true;
  sample.function = "noop";
  sample.environment = "runc-debian";
  sample.image = "mayfly.dev/suite/noop:debian";
  sample.strategy = "native";
  sample.start_unix_ns = 1'700'000'000'123'456'789;
  sample.total_ns = 80'000'001;
  sample.user_us = 5;
  sample.sys_us = 6;
  sample.max_rss_kib = 7;
  sample.exit_code = -1;
  sample.stdout_bytes = 9;
  sample.stdout_sha256 = "ab";
  sample.note = "exit code 1: said \"no\", then\nleft";
  return sample;
}

TEST(Csv, IsByteForByteAsDocumented) {
  EXPECT_EQ(CsvHeader(),
            "run,block,order,warm_up,function,environment,image,strategy,start_unix_ns,total_ns,"
            "user_us,sys_us,max_rss_kib,exit_code,stdout_bytes,stdout_sha256,ok,note,size,"
            "phase_client_ns,phase_containerd_ns,phase_shim_ns,phase_create_ns,phase_load_ns,"
            "phase_instantiate_ns,phase_guest_ns,phase_drain_ns,phase_teardown_ns,"
            "peak_memory_kib,pss_kib,cpu_us,read_bytes\n");
  EXPECT_EQ(
      CsvLine(SomeSample()),
      "7,1,2,1,noop,runc-debian,mayfly.dev/suite/noop:debian,native,1700000000123456789,"
      "80000001,5,6,7,-1,9,ab,0,\"exit code 1: said \"\"no\"\", then left\",parity,,,,,,,,,,,,,\n");
}

TEST(Csv, ReadsWhatItWrote) {
  Sample sample = SomeSample();
  const auto samples = ParseCsv(CsvHeader() + CsvLine(sample) + CsvLine(sample), "s.csv");
  ASSERT_TRUE(samples) << samples.error().text();
  ASSERT_EQ(samples->size(), 2U);
  sample.note = "exit code 1: said \"no\", then left";
  EXPECT_EQ((*samples)[1], sample);
}

TEST(Csv, DropsALineThatWasCutOff) {
  const std::string whole = CsvHeader() + CsvLine(SomeSample());
  size_t complete = 0;
  const auto samples = ParseCsv(whole + "8,1,3,0,no", "s.csv", &complete);
  ASSERT_TRUE(samples);
  EXPECT_EQ(samples->size(), 1U);
  EXPECT_EQ(complete, whole.size());
}

TEST(Csv, FindsColumnsByNameAndPassesOverNewOnes) {
  std::string text = CsvHeader() + CsvLine(SomeSample());
  text.insert(text.find('\n'), ",phase_ns");
  text.insert(text.size() - 1, ",12");
  text = "extra," + text;
  text.insert(text.find('\n') + 1, "0,");
  const auto samples = ParseCsv(text, "s.csv");
  ASSERT_TRUE(samples) << samples.error().text();
  EXPECT_EQ(samples->front().function, "noop");
}

TEST(Csv, NamesLineAndColumnOfWhatIsWrong) {
  const auto error_of = [](const std::string& text) {
    const auto samples = ParseCsv(text, "s.csv");
    return samples ? "" : samples.error().text();
  };
  EXPECT_EQ(error_of(""), "s.csv: no header line");
  EXPECT_EQ(error_of("run,block"), "s.csv: no header line");
  EXPECT_EQ(error_of("run\n1\n"), "s.csv: line 1: the header has no column block");
  EXPECT_EQ(error_of(CsvHeader() + "1,2\n"), "s.csv: line 2: 2 fields where the header has 32");
  EXPECT_EQ(error_of(CsvHeader() + "\"1\n"), "s.csv: line 2: a quotation mark is out of place");
  std::string wrong = CsvLine(SomeSample());
  wrong.replace(0, 1, "x");
  EXPECT_EQ(error_of(CsvHeader() + wrong),
            "s.csv: line 2: column run: \"x\" is not a whole number in range");
}

class RecordFiles : public testing::Test {
 protected:
  RecordFiles() {
    std::string pattern = testing::TempDir() + "lab-record-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
  }
  ~RecordFiles() override { std::filesystem::remove_all(folder_); }

  std::string folder_;
};

TEST_F(RecordFiles, SamplesAreThereAfterEachAppend) {
  const std::string path = folder_ + "/samples.csv";
  auto writer = SampleWriter::Create(path);
  ASSERT_TRUE(writer) << writer.error().text();
  ASSERT_TRUE(writer->Append(SomeSample()));
  EXPECT_EQ(ReadCsv(path)->size(), 1U);
  EXPECT_FALSE(SampleWriter::Create(path));  // never written over

  std::ofstream(path, std::ios::app) << "cut";
  const size_t complete = CsvHeader().size() + CsvLine(SomeSample()).size();
  auto again = SampleWriter::Continue(path, complete);
  ASSERT_TRUE(again);
  ASSERT_TRUE(again->Append(SomeSample()));
  EXPECT_EQ(ReadCsv(path)->size(), 2U);
}

TEST_F(RecordFiles, MachineRecordKeepsEverySession) {
  const std::string path = folder_ + "/machine.json";
  const RecordRequest request{.command_line = {"mayfly-lab", "table"},
                              .programs = {{"shell", "sh"}, {"absent", "no-such-program"}},
                              .files = {},
                              .git_directory = "",
                              .images = {{"i", "sha256:1"}},
                              .versions = {{"daemon", "v1"}}};
  ASSERT_TRUE(BeginSession(path, DescribeSession(request)));
  ASSERT_TRUE(EndSession(path, 3, nlohmann::json::object()));
  ASSERT_TRUE(BeginSession(path, DescribeSession(request)));
  const auto record = nlohmann::json::parse(std::ifstream(path));
  ASSERT_EQ(record["sessions"].size(), 2U);
  EXPECT_EQ(record["sessions"][0]["samples_after"], 3);
  EXPECT_TRUE(record["sessions"][1]["ended"].is_null());
  const auto& session = record["sessions"][0];
  EXPECT_EQ(session["programs"]["shell"]["sha256"], *Sha256OfFile(FindProgram("sh")));
  EXPECT_TRUE(session["programs"]["absent"]["sha256"].is_null());
  EXPECT_EQ(session["images"]["i"], "sha256:1");
  EXPECT_FALSE(session["host"]["kernel"].get<std::string>().empty());
  EXPECT_GT(session["host"]["cpus"].get<int>(), 0);
  EXPECT_GT(session["host"]["memory_kib"].get<int64_t>(), 0);

  for (const char* text : {"[]", "3", R"({"sessions": {}})", R"({"sessions": [1]})"}) {
    const auto parsed = ParseMachine(text, "machine.json");
    ASSERT_FALSE(parsed) << text;
    EXPECT_TRUE(parsed.error().text().starts_with("machine.json: ")) << parsed.error().text();
  }
  std::ofstream(path) << R"({"format": 3, "sessions": []})";
  EXPECT_FALSE(EndSession(path, 0, nlohmann::json::object()));
  std::ofstream(path) << "{}";
  EXPECT_FALSE(EndSession(path, 0, nlohmann::json::object()));
}

TEST(Host, FindsFieldsOfProcFiles) {
  const std::string text = "processor\t: 0\nmodel name\t: Some CPU @ 2: fast\nMemTotal:    24 kB\n";
  EXPECT_EQ(FieldOf(text, "model name"), "Some CPU @ 2: fast");
  EXPECT_EQ(FieldOf(text, "MemTotal"), "24 kB");
  EXPECT_EQ(FieldOf(text, "bogomips"), "");
}

TEST(Programs, AreFoundAsExecvpWould) {
  EXPECT_TRUE(FindProgram("sh").ends_with("/sh"));
  EXPECT_EQ(FindProgram("/bin/sh"), "/bin/sh");
  EXPECT_EQ(FindProgram("no-such-program"), "");
  EXPECT_EQ(FindProgram("/etc/passwd"), "");
}

TEST(Sha256Digest, OfKnownInputs) {
  // FIPS 180-4 examples.
  EXPECT_EQ(Sha256Of(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(Sha256Of("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_FALSE(Sha256OfFile("/no/such/file"));
}

}  // namespace
}  // namespace mayfly::lab
