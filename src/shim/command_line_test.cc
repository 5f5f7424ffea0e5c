#include "shim/command_line.h"

#include <gtest/gtest.h>
#include <options.pb.h>
#include <ttrpc.pb.h>

#include "shim/start.h"

namespace mayfly::shim {

TEST(CommandLineTest, TakesWhatContainerdPasses) {
  const auto line =
      ParseCommandLine({"-namespace", "ns", "-address", "/run/c.sock", "-publish-binary",
                        "/usr/bin/containerd", "-id", "c1", "-debug", "start"});
  ASSERT_TRUE(line.has_value()) << line.error().text();
  EXPECT_EQ(line->name_space, "ns");
  EXPECT_EQ(line->address, "/run/c.sock");
  EXPECT_EQ(line->id, "c1");
  EXPECT_TRUE(line->debug);
  EXPECT_EQ(line->action, "start");
}

TEST(CommandLineTest, TakesBothFormsOfFlags) {
  const auto line = ParseCommandLine({"--id=c1", "-bundle=/b", "delete"});
  ASSERT_TRUE(line.has_value());
  EXPECT_EQ(line->id, "c1");
  EXPECT_EQ(line->bundle, "/b");
  EXPECT_EQ(line->action, "delete");
}

TEST(CommandLineTest, RefusesWhatItDoesNotKnow) {
  EXPECT_FALSE(ParseCommandLine({"-colour"}).has_value());
  EXPECT_FALSE(ParseCommandLine({"-id"}).has_value());
}

TEST(CommandLineTest, OptionsOnStandardInput) {
  containerd::runc::v1::Options options;
  options.set_root("/run/other");
  options.set_no_pivot_root(true);
  wire::Any any;
  any.set_type_url("containerd.runc.v1.Options");
  any.set_value(options.SerializeAsString());
  CommandLine line;
  line.id = "c1";
  ASSERT_TRUE(ReadStartInput(any.SerializeAsString(), &line).has_value());
  EXPECT_FALSE(line.bootstrap);
  EXPECT_EQ(line.options.root, "/run/other");
  EXPECT_TRUE(line.options.no_pivot_root);
  EXPECT_EQ(StateRoot(line.options, "ns"), "/run/other/ns");
}

// Options with a user's id above 127 are bytes that are no UTF-8: containerd's TestUserNamespaces.
TEST(CommandLineTest, OptionsThatAreNoUtf8AreReadInSilence) {
  containerd::runc::v1::Options options;
  options.set_io_uid(1000);
  options.set_root("/run/other");
  wire::Any any;
  any.set_type_url("containerd.runc.v1.Options");
  any.set_value(options.SerializeAsString());
  CommandLine line;
  line.id = "c1";
  testing::internal::CaptureStderr();
  ASSERT_TRUE(ReadStartInput(any.SerializeAsString(), &line).has_value());
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  EXPECT_EQ(line.options.root, "/run/other");
}

TEST(CommandLineTest, BootstrapParamsOnStandardInput) {
  containerd::runc::v1::BootstrapParams params;
  params.set_instance_id("c1");
  params.set_namespace_("ns");
  params.set_containerd_grpc_address("/run/c.sock");
  params.set_containerd_ttrpc_address("/run/c.sock.ttrpc");
  params.set_socket_dir("/run/sockets");
  CommandLine line;
  line.id = "c1";
  ASSERT_TRUE(ReadStartInput(params.SerializeAsString(), &line).has_value());
  EXPECT_TRUE(line.bootstrap);
  EXPECT_EQ(line.ttrpc_address, "/run/c.sock.ttrpc");
  EXPECT_EQ(SocketPath(line, "c1").find("/run/sockets/"), 0U);
}

TEST(CommandLineTest, RefusesInputThatIsNoMessage) {
  CommandLine line;
  EXPECT_FALSE(ReadStartInput("\xff\xff\xff", &line).has_value());
}

TEST(OptionsTest, TomlOfTheCri) {
  containerd::runc::v1::RuntimeOptions given;
  given.set_config_body("SystemdCgroup = true\nRoot = \"/r\"\n");
  wire::Any any;
  any.set_type_url("runtimeoptions.v1.Options");
  any.set_value(given.SerializeAsString());
  const auto options = ParseOptions(any);
  ASSERT_TRUE(options.has_value()) << options.error().text();
  EXPECT_TRUE(options->systemd_cgroup);
  EXPECT_EQ(options->root, "/r");
  given.set_config_body("[=");
  any.set_value(given.SerializeAsString());
  EXPECT_FALSE(ParseOptions(any).has_value());
}

}  // namespace mayfly::shim
