// How the suites are compiled and run; what they call `@test-utils` is theirs, but for `Cluster.ts`.
module.exports = {
  testTimeout: 60_000,
  testMatch: ['<rootDir>/src/**/*.test.ts'],
  moduleNameMapper: { '@test-utils': '<rootDir>/src/utils' },
  transform: {
    '^.+\\.ts$': ['ts-jest', {
      diagnostics: false,
      tsconfig: {
        isolatedModules: true,
        target: 'es2022',
        module: 'commonjs',
        moduleResolution: 'node',
        esModuleInterop: true,
        experimentalDecorators: true,
        skipLibCheck: true,
      },
    }],
  },
};
