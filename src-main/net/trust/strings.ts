/** Texts of the page that helps a device trust the branch. What stands in backticks is a name, the same in every language. */

export type TrustLang = 'en' | 'ar'
export type Platform = 'android' | 'ios' | 'windows' | 'macos' | 'linux' | 'chromebook'

export interface PlatformSteps {
  name: string
  steps: readonly string[]
  note?: string
}

export interface TrustStrings {
  title: string
  lead: string
  other: string
  download: string
  downloadHint: string
  compare: string
  compareHint: string
  permits: string
  howTo: string
  thenOpen: string
  /** To somebody who asked for another page by plain http. */
  refused: string
  notServed: string
  scan: string
  ownTitle: string
  ownLead: string
  platforms: Readonly<Record<Platform, PlatformSteps>>
}

const en: TrustStrings = {
  title: 'Trust this branch',
  lead: 'Install the branch’s certificate once on each tablet and computer. From then on everything that they send to the branch is encrypted, and their browser allows offline work.',
  other: 'العربية',
  download: 'Download the certificate',
  downloadHint: 'A file of one kilobyte. It holds no secret.',
  compare: 'Compare before you install',
  compareHint:
    'These characters must be the same here, in the details that your device shows, and on this page when the branch’s own computer opens it. If they differ, stop: somebody stands between this device and the branch.',
  permits:
    'The certificate is limited: it can vouch only for this computer’s names and for addresses of local networks, never for a site on the internet.',
  howTo: 'How to install it',
  thenOpen: 'When it is installed, open',
  refused:
    'This branch is served over a secure connection only. Once this device trusts the branch, as explained below, the page is here:',
  notServed: 'Encrypted connections are not switched on yet. They start once the first manager has been made.',
  scan: 'Scan this code with another device to open this page there.',
  ownTitle: 'Nothing to install',
  ownLead: 'The owner of this branch brought a certificate. Devices that know who issued it trust the branch already.',
  platforms: {
    android: {
      name: 'Android',
      steps: [
        'Download the certificate with Chrome.',
        'Open Settings › Security & privacy › More security settings › Encryption & credentials › Install a certificate › CA certificate. (The search of the settings finds “CA certificate”.)',
        'Choose “Install anyway” and then the file `mishkah-branch.crt`.',
      ],
      note: 'Some apps, Firefox among them, ignore certificates that a person installed. Use Chrome or Edge.',
    },
    ios: {
      name: 'iPhone and iPad',
      steps: [
        'Download the certificate with Safari and choose “Allow”.',
        'Open Settings › Profile Downloaded and choose “Install”.',
        'Open Settings › General › About › Certificate Trust Settings and switch on the branch’s certificate.',
      ],
      note: 'Without the last step the device shows the certificate as installed and still does not trust it.',
    },
    windows: {
      name: 'Windows',
      steps: [
        'Download the certificate, open the file and choose “Install Certificate”.',
        'Choose “Local Machine”, or “Current User” without an administrator.',
        'Choose “Place all certificates in the following store”, then “Trusted Root Certification Authorities”, and finish.',
        'Close the browser and open it again.',
      ],
    },
    macos: {
      name: 'macOS',
      steps: [
        'Download the certificate and open it. Keychain Access asks where to keep it: choose “System”.',
        'Double-click the branch’s certificate in the list.',
        'Open “Trust”, choose “Always Trust”, and close the window with your password.',
      ],
    },
    linux: {
      name: 'Linux',
      steps: [
        'Chrome, Chromium and Edge: open Settings › Privacy and security › Security › Manage certificates, and import the file as one that you trust.',
        'Firefox: open Settings › Privacy & Security › View Certificates › Authorities › Import, and tick “identify websites”.',
        'Other programs: convert the file to PEM, put it into `/usr/local/share/ca-certificates` and run `update-ca-certificates`.',
      ],
    },
    chromebook: {
      name: 'Chromebook',
      steps: [
        'Download the certificate.',
        'Open Settings › Privacy and security › Security › Manage certificates › Authorities, and choose “Import”.',
        'Choose the file `mishkah-branch.crt` and tick “Trust this certificate for identifying websites”.',
      ],
    },
  },
}

const ar: TrustStrings = {
  title: 'الوثوق بهذا الفرع',
  lead: 'ثبّت شهادة الفرع مرة واحدة على كل جهاز لوحي وكل حاسوب. بعدها يُشفَّر كل ما ترسله الأجهزة إلى الفرع، ويسمح المتصفح بالعمل دون اتصال.',
  other: 'English',
  download: 'تنزيل الشهادة',
  downloadHint: 'ملف حجمه كيلوبايت واحد، وليس فيه أي سر.',
  compare: 'قارن قبل التثبيت',
  compareHint:
    'يجب أن تتطابق هذه الرموز هنا، وفي التفاصيل التي يعرضها جهازك، وفي هذه الصفحة عند فتحها على حاسوب الفرع نفسه. إن اختلفت فتوقف: هناك من يقف بين هذا الجهاز والفرع.',
  permits:
    'صلاحية الشهادة محدودة: لا تشهد إلا لأسماء هذا الحاسوب ولعناوين الشبكات المحلية، ولا تشهد أبدًا لموقع على الإنترنت.',
  howTo: 'طريقة التثبيت',
  thenOpen: 'بعد التثبيت افتح',
  refused: 'هذا الفرع متاح عبر اتصال آمن فقط. بعد أن يثق هذا الجهاز بالفرع كما هو موضح أدناه تجد الصفحة هنا:',
  notServed: 'لم تُفعَّل الاتصالات المشفرة بعد، وستبدأ بعد إنشاء المدير الأول.',
  scan: 'امسح هذا الرمز بجهاز آخر لفتح هذه الصفحة عليه.',
  ownTitle: 'لا حاجة إلى التثبيت',
  ownLead: 'أحضر صاحب الفرع شهادة خاصة به. الأجهزة التي تعرف مُصدِرها تثق بالفرع من الآن.',
  platforms: {
    android: {
      name: 'أندرويد',
      steps: [
        'نزّل الشهادة بمتصفح Chrome.',
        'افتح الإعدادات › الأمان والخصوصية › المزيد من إعدادات الأمان › التشفير وبيانات الاعتماد › تثبيت شهادة › شهادة CA. (يمكنك البحث في الإعدادات عن «شهادة CA».)',
        'اختر «التثبيت على أي حال» ثم الملف `mishkah-branch.crt`.',
      ],
      note: 'بعض التطبيقات، ومنها Firefox، تتجاهل الشهادات التي يثبّتها المستخدم. استخدم Chrome أو Edge.',
    },
    ios: {
      name: 'آيفون وآيباد',
      steps: [
        'نزّل الشهادة بمتصفح Safari واختر «سماح».',
        'افتح الإعدادات › تم تنزيل ملف التعريف ثم اختر «تثبيت».',
        'افتح الإعدادات › عام › حول › إعدادات ثقة الشهادة وفعّل شهادة الفرع.',
      ],
      note: 'من دون الخطوة الأخيرة يعرض الجهاز الشهادة مثبتة لكنه لا يثق بها.',
    },
    windows: {
      name: 'ويندوز',
      steps: [
        'نزّل الشهادة وافتح الملف واختر «تثبيت الشهادة».',
        'اختر «الجهاز المحلي»، أو «المستخدم الحالي» إن لم تكن مسؤولًا.',
        'اختر «وضع كل الشهادات في المخزن التالي» ثم «المراجع المصدقة الجذر الموثوق بها» وأكمل.',
        'أغلق المتصفح وافتحه من جديد.',
      ],
    },
    macos: {
      name: 'ماك',
      steps: [
        'نزّل الشهادة وافتحها. يسألك برنامج «الوصول إلى سلسلة المفاتيح» عن مكان الحفظ: اختر «النظام».',
        'انقر مرتين على شهادة الفرع في القائمة.',
        'افتح «الثقة» واختر «الوثوق دائمًا» ثم أغلق النافذة بكلمة المرور.',
      ],
    },
    linux: {
      name: 'لينكس',
      steps: [
        'Chrome وChromium وEdge: افتح الإعدادات › الخصوصية والأمان › الأمان › إدارة الشهادات، واستورد الملف كشهادة موثوقة.',
        'Firefox: افتح الإعدادات › الخصوصية والأمان › عرض الشهادات › السلطات › استيراد، وفعّل التعرف على المواقع.',
        'البرامج الأخرى: حوّل الملف إلى صيغة PEM وضعه في المجلد `/usr/local/share/ca-certificates` ثم شغّل `update-ca-certificates`.',
      ],
    },
    chromebook: {
      name: 'كروم بوك',
      steps: [
        'نزّل الشهادة.',
        'افتح الإعدادات › الخصوصية والأمان › الأمان › إدارة الشهادات › المراجع المصدقة، واختر «استيراد».',
        'اختر الملف `mishkah-branch.crt` وفعّل «الوثوق بهذه الشهادة لتحديد المواقع».',
      ],
    },
  },
}

export const TRUST_STRINGS: Readonly<Record<TrustLang, TrustStrings>> = { en, ar }
