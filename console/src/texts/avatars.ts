/** The texts about uploaded avatars, and of the page where people have their own. */
export const avatars = {
  profile: 'Profile',
  about: 'How others see you: in chats, as the owner of integrations, and in what is posted in your name.',
  picture: 'You',
  email: 'E-mail',
  role: 'Role',
  toSecurity: 'Change the e-mail or the password',
  choose: 'Choose a picture',
  keep: 'Use this picture',
  remove: 'Remove the avatar',
  preview: 'The picture that you chose',
  limits: 'PNG, JPEG, GIF or WebP; at most 256 KiB and 4096 × 4096 pixels. Everybody who knows its address can see it.',
  wrongType: (name: string) => `${name} is not a PNG, JPEG, GIF or WebP. Choose another picture.`,
  tooLarge: (name: string, size: number) => `${name} has ${size} KiB; at most 256 are accepted. Make the picture smaller.`,
  unreadable: 'The file cannot be read.',
  saved: 'The avatar was saved',
  removed: 'The avatar was removed',
};
