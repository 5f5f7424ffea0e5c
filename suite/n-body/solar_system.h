// SolarSystem: the Sun and four planets under their mutual gravity, in fixed time steps.
//
// The idea: pair by pair in one fixed order, so that every rounding is the same everywhere. Needs
// -ffp-contract=off.
//
// Units: astronomical units, years, solar masses times 4 pi^2 (so that the constant of gravity is
// 1). Sources: the Computer Language Benchmarks Game, n-body (the bodies and the method).
#pragma once

#include <array>
#include <cmath>
#include <cstddef>

namespace mayfly::suite {

struct Body {
  std::array<double, 3> position;
  std::array<double, 3> velocity;
  double mass;
};

class SolarSystem {
 public:
  // The start of the Game, with the Sun moving so that the total momentum is zero.
  SolarSystem() {
    for (const Body& body : body_) {
      for (int axis = 0; axis < 3; ++axis) {
        body_[0].velocity[axis] -= body.velocity[axis] * (body.mass / kSolarMass);
      }
    }
  }

  double Energy() const {
    double energy = 0.0;
    for (size_t i = 0; i < kBodies; ++i) {
      const Body& body = body_[i];
      energy += body.mass * SquareOf(body.velocity) * 0.5;
      for (size_t j = i + 1; j < kBodies; ++j) {
        energy -= body.mass * body_[j].mass / std::sqrt(SquareOf(Between(body, body_[j])));
      }
    }
    return energy;
  }

  void Step() {
    // All distances first: within a step no velocity depends on another pair's result, and square
    // roots and divisions overlap.
    std::array<std::array<double, 3>, kPairs> difference;
    std::array<double, kPairs> magnitude;
    size_t pair = 0;
    for (size_t j = 0; j < kBodies; ++j) {
      for (size_t k = j + 1; k < kBodies; ++k) difference[pair++] = Between(body_[j], body_[k]);
    }
    for (pair = 0; pair < kPairs; ++pair) {
      double square = SquareOf(difference[pair]);
      magnitude[pair] = kTimeStep / (square * std::sqrt(square));
    }
    pair = 0;
    for (size_t j = 0; j < kBodies; ++j) {
      for (size_t k = j + 1; k < kBodies; ++k, ++pair) {
        for (int axis = 0; axis < 3; ++axis) {
          double force = difference[pair][axis] * magnitude[pair];
          body_[j].velocity[axis] -= force * body_[k].mass;
          body_[k].velocity[axis] += force * body_[j].mass;
        }
      }
    }
    for (Body& body : body_) {
      for (int axis = 0; axis < 3; ++axis) {
        body.position[axis] += body.velocity[axis] * kTimeStep;
      }
    }
  }

 private:
  static constexpr size_t kBodies = 5;
  static constexpr size_t kPairs = kBodies * (kBodies - 1) / 2;
  static constexpr double kPi = 3.141592653589793;
  static constexpr double kSolarMass = 4 * kPi * kPi;
  static constexpr double kYearDays = 365.24;
  static constexpr double kTimeStep = 0.01;

  static std::array<double, 3> Between(const Body& a, const Body& b) {
    return {a.position[0] - b.position[0], a.position[1] - b.position[1],
            a.position[2] - b.position[2]};
  }
  static double SquareOf(const std::array<double, 3>& v) {
    return (v[0] * v[0] + v[1] * v[1]) + v[2] * v[2];
  }

  // Velocities in the tables are a day's.
  static constexpr Body MakeBody(double x, double y, double z, double vx, double vy, double vz,
                                 double suns) {
    return {{x, y, z}, {vx * kYearDays, vy * kYearDays, vz * kYearDays}, suns * kSolarMass};
  }

  std::array<Body, kBodies> body_ = {
      MakeBody(0, 0, 0, 0, 0, 0, 1),
      // Jupiter, Saturn, Uranus, Neptune
      MakeBody(4.84143144246472090, -1.16032004402742839, -0.103622044471123109,
               1.66007664274403694e-3, 7.69901118419740425e-3, -6.90460016972063023e-5,
               9.54791938424326609e-4),
      MakeBody(8.34336671824457987, 4.12479856412430479, -0.403523417114321381,
               -2.76742510726862411e-3, 4.99852801234917238e-3, 2.30417297573763929e-5,
               2.85885980666130812e-4),
      MakeBody(12.8943695621391310, -15.1111514016986312, -0.223307578892655734,
               2.96460137564761618e-3, 2.37847173959480950e-3, -2.96589568540237556e-5,
               4.36624404335156298e-5),
      MakeBody(15.3796971148509165, -25.9193146099879641, 0.179258772950371181,
               2.68067772490389322e-3, 1.62824170038242295e-3, -9.51592254519715870e-5,
               5.15138902046611451e-5)};
};

}  // namespace mayfly::suite
