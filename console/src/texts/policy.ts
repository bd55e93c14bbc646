/** The texts about the second factor that a workspace requires: the owner's setting, and the enrolment it leads to. */
export const policy = {
  title: 'Workspace security',
  about: 'How everybody in the workspace signs in.',
  section: 'Required second factor',
  sectionAbout: 'Everybody who signs in needs an authenticator app beside the password. API tokens go on as they are.',
  on: 'It is required',
  off: 'It is not required',
  require: 'Require it',
  stop: 'Stop requiring it',
  ownersOnly: 'An owner who has a second factor can change this.',
  enrolFirst: 'To require a second factor, set up your own first, then sign in with it.',
  toSecurity: 'Set up a second factor',
  requireTitle: 'Require a second factor?',
  requireAbout: (count: number) =>
    count === 0
      ? 'Everybody has one. People who are invited later set one up when they sign in for the first time.'
      : `Sessions of ${count === 1 ? 'the person' : `the ${count} people`} without one end now. At the next sign-in they can only set one up.`,
  stopTitle: 'Stop requiring a second factor?',
  stopAbout: 'Who has one keeps it. Others sign in with the password alone.',
  required: 'A second factor is required',
  notRequired: 'A second factor is no longer required',
  missing: 'People without a second factor',
  missingAbout: 'Active people who sign in with a password alone, or have not accepted their invitation yet.',
  everybody: 'Everybody has a second factor',
  person: 'Person',
  role: 'Role',
  signsIn: 'Signs in',
  byPassword: 'By password alone',
  invited: 'Has not signed in yet',
  enrol: {
    title: 'Set up a second factor',
    about: 'Your workspace requires one. Set it up now to go on; an authenticator app on your phone is enough.',
    signOut: 'Sign out',
  },
};
